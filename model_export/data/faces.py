"""A folder of real faces with 68 landmarks each: what the forge works on."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.warp import Picture, Points
from service.faces.crop import Box


@dataclass(frozen=True, slots=True)
class RealFace:
    """A picture of a real person.

    pixels: uint8 RGB (H, W, 3); landmarks: float32 (68, 2) in picture pixels, in the iBUG
    order (jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67); box: the detector's box.
    """

    pixels: Picture
    landmarks: Points
    box: Box


@dataclass(frozen=True, slots=True)
class FaceIndex:
    """Where the pictures are and where the faces are in them; pictures are read when asked for.

    identities: int64 (N,); pictures of one person share a number and never cross a split.
    """

    root: Path
    names: tuple[str, ...]
    landmarks: NDArray[np.float32]
    boxes: NDArray[np.float32]
    identities: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, position: int) -> RealFace:
        """Decode one picture. Raises ValueError when it cannot be read."""
        path = self.root / self.names[position]
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise ValueError(f"cannot read the picture {path}")
        box = Box(*(float(v) for v in self.boxes[position]))
        return RealFace(np.asarray(picture, np.uint8), self.landmarks[position], box)

    def subset(self, positions: NDArray[np.int64]) -> "FaceIndex":
        """The same index with only these pictures."""
        return FaceIndex(
            self.root,
            tuple(self.names[i] for i in positions),
            self.landmarks[positions],
            self.boxes[positions],
            self.identities[positions],
        )

    def split(self, held_out: float, seed: int) -> tuple["FaceIndex", "FaceIndex"]:
        """Training and validation parts; every identity is in exactly one of them."""
        people = np.unique(self.identities)
        shuffled = np.random.default_rng(seed).permutation(people)
        validation = np.isin(self.identities, shuffled[: max(1, round(held_out * len(people)))])
        return self.subset(np.flatnonzero(~validation)), self.subset(np.flatnonzero(validation))


def identity_of(name: str) -> str:
    """Pictures named NNN_xx in one folder show the person NNN; any other name its own person."""
    folder, _, file = name.rpartition("/")
    stem = file.rpartition(".")[0]
    person, mark, take = stem.partition("_")
    return f"{folder}/{person if mark and person.isdigit() and take.isdigit() else stem}"


def load_index(root: Path, landmarks: Path) -> FaceIndex:
    """Read a landmarks file: names (N,), landmarks68 (N, 68, 2), box_xywh (N, 4).

    Raises ValueError when the file lacks one of them or names pictures that do not exist.
    """
    with np.load(landmarks, allow_pickle=False) as table:
        absent = {"names", "landmarks68", "box_xywh"} - set(table.files)
        if absent:
            raise ValueError(f"the landmarks file lacks {', '.join(sorted(absent))}")
        names = tuple(str(n) for n in table["names"])
        points = table["landmarks68"].astype(np.float32)
        boxes = table["box_xywh"].astype(np.float32)
    keep = np.array([(root / n).is_file() for n in names])
    if not keep.any():
        raise ValueError(f"none of the pictures named in the landmarks file is under {root}")
    people = {p: i for i, p in enumerate(dict.fromkeys(identity_of(n) for n in names))}
    identities = np.array([people[identity_of(n)] for n in names], np.int64)
    return FaceIndex(root, names, points, boxes, identities).subset(np.flatnonzero(keep))
