"""68 landmarks for pictures that come with none, from the face detector's five.

A face's five points say where brows, jaw and lips about are: one ridge regression in the face's
own frame. Good enough to draw the masks of the forge; no substitute for a landmark network.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex, identity_of, numbered
from model_export.data.files import visible_files
from model_export.data.pictures import read_picture
from model_export.data.warp import Points, move_points, similarity
from service.faces.crop import Box
from service.faces.finder import face_finder
from service.faces.plan import DetectorPlan

log = logging.getLogger(__name__)
FITTED = Path(__file__).with_name("landmarks68.npz")
PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp"))
MARGIN = 0.25
"""Tight pictures are mirrored by this share of their side: a detector wants to see a whole head."""
NOISE = 0.03
"""Jitter of the five points while fitting, in eye distances: a detector's are not exact."""


@dataclass(frozen=True, slots=True)
class Landmarker:
    """mean5: float64 (5, 2), the frame faces are turned into; weights: float64 (11, 136)."""

    mean5: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __call__(self, points5: Points) -> Points:
        """Five points (5, 2) in any frame to 68 points (68, 2) in the same frame."""
        matrix = similarity(points5, np.asarray(self.mean5, np.float32))
        normal = move_points(points5, matrix).ravel()
        own = (np.append(normal, 1.0) @ self.weights).reshape(68, 2).astype(np.float32)
        return move_points(own, np.asarray(cv2.invertAffineTransform(matrix), np.float64))

    def save(self, path: Path) -> None:
        """Write as float32 npz, a few kilobytes; folders that are missing are made."""
        mean5, weights = self.mean5.astype(np.float32), self.weights.astype(np.float32)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Given a path, numpy would add .npz where another name was asked for.
        with path.open("wb") as file:
            np.savez_compressed(file, mean5=mean5, weights=weights)


def load_landmarker() -> Landmarker:
    """The shipped regression, fitted by `unmask-model fit-landmarks`."""
    with np.load(FITTED, allow_pickle=False) as table:
        return Landmarker(table["mean5"].astype(np.float64), table["weights"].astype(np.float64))


def fit(points5: NDArray[np.float32], points68: NDArray[np.float32]) -> Landmarker:
    """Ridge regression from (N, 5, 2) to (N, 68, 2)."""
    rng = np.random.default_rng(0)
    centred = points5 - points5.mean(1, keepdims=True)
    mean5 = (centred / np.sqrt((centred**2).sum((1, 2), keepdims=True))).mean(0)
    inputs, outputs = [], []
    for five, full in zip(points5, points68, strict=True):
        eyes = float(np.linalg.norm(five[1] - five[0]))
        noisy = (five + rng.normal(0, NOISE * eyes, five.shape)).astype(np.float32)
        matrix = similarity(noisy, mean5)
        inputs.append(np.append(move_points(noisy, matrix).ravel(), 1.0))
        outputs.append(move_points(full, matrix).ravel())
    x, y = np.array(inputs), np.array(outputs)
    gram = x.T @ x + 1e-6 * len(x) * np.eye(x.shape[1])
    return Landmarker(mean5.astype(np.float64), np.linalg.solve(gram, x.T @ y))


def mean_error(
    landmarker: Landmarker, points5: NDArray[np.float32], points68: NDArray[np.float32]
) -> float:
    """Mean distance of a landmark from its place, in eye distances."""
    errors = [
        np.linalg.norm(landmarker(five) - full, axis=1).mean() / np.linalg.norm(five[1] - five[0])
        for five, full in zip(points5, points68, strict=True)
    ]
    return float(np.mean(errors))


def picture_paths(sources: Sequence[Path]) -> list[Path]:
    """The pictures among files and in folders, sorted. Raises ValueError when there is none."""
    paths: list[Path] = []
    for source in sources:
        inside = [source / file for file in visible_files(source)] if source.is_dir() else [source]
        paths += [path for path in inside if path.suffix.lower() in PICTURES]
    if not paths:
        raise ValueError("there are no pictures (jpg, png, webp, bmp)")
    return paths


def index_pictures(sources: Sequence[Path]) -> FaceIndex:
    """Find the largest face of every picture and its landmarks.

    Pictures without a face, and files that are none, are left out and named in the log. Raises
    ValueError when no face is found at all.
    """
    landmarker = load_landmarker()
    # What is linked keeps the place where the user put it.
    paths = [path.absolute() for path in picture_paths(sources)]
    root = Path(commonpath([path.parent for path in paths]))
    names, points, boxes = [], [], []
    for path in _with_a_bar(paths):
        try:
            found = _largest_face(path)
        except ValueError as error:
            log.warning("%s", error)
            continue
        if found is None:
            log.warning("no face found in %s", path)
            continue
        box, five = found
        names.append(path.relative_to(root).as_posix())
        points.append(landmarker(five))
        boxes.append((box.x, box.y, box.width, box.height))
    if not names:
        raise ValueError("no face was found in any of the pictures")
    return FaceIndex(
        root,
        tuple(names),
        np.array(points, np.float32),
        np.array(boxes, np.float32),
        numbered([identity_of(name) for name in names]),
    )


def _with_a_bar(paths: Sequence[Path]) -> Iterable[Path]:
    """The same, and how far they are; without the extra that has the bar nothing is told."""
    try:
        from tqdm import tqdm  # noqa: PLC0415 - the serving install, which has none, does this, too
    except ModuleNotFoundError:
        return paths
    return tqdm(paths, unit="picture", mininterval=2)


def _largest_face(path: Path) -> tuple[Box, Points] | None:
    picture = read_picture(path)
    margin = round(MARGIN * min(picture.shape[:2]))
    padded = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    faces = face_finder(DetectorPlan()).find(np.asarray(padded, np.uint8), 1).faces
    if not faces or len(faces[0].landmarks) != 5:
        return None
    box = faces[0].box
    five = np.array(faces[0].landmarks, np.float32) - margin
    return Box(box.x - margin, box.y - margin, box.width, box.height), five.astype(np.float32)
