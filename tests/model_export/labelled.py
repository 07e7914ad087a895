"""Labelled data in every layout the commands read, made of one real face."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from service.faces.crop import CropRule
from service.faces.extract import extract
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.media.upload import Upload
from tests.media_files import clip

Pixels = NDArray[np.uint8]
FACE = (slice(40, 200), slice(150, 310))
"""Where the face is in the astronaut's picture, about."""


def save(path: Path, pixels: Pixels) -> None:
    """Write a picture, grey or RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[..., ::-1])


def crowding(upload: Upload, plan: ExtractionPlan) -> Extraction:
    """What the service finds, each of the faces crowded out of three more frames."""
    found = extract(upload, plan)
    return replace(found, crops=tuple(replace(crop, crowded_out=3) for crop in found.crops))


def files(folder: Path) -> dict[Path, bytes]:
    """All that a folder holds."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_people(folder: Path, faces: FaceIndex, count: int) -> Path:
    """One picture under many names, each a person of its own, with its landmarks."""
    face = faces.read(0)
    names = [f"person{number}.png" for number in range(count)]
    for name in names:
        save(folder / name, face.pixels)
    box = (face.box.x, face.box.y, face.box.width, face.box.height)
    np.savez(
        folder / "landmarks.npz",
        names=np.array(names),
        landmarks68=np.stack([face.landmarks] * count),
        box_xywh=np.array([box] * count, np.float32),
    )
    return folder


def write_coloured_people(folder: Path, faces: FaceIndex, count: int) -> Path:
    """The same, each person's picture of another colour."""
    write_people(folder, faces, count)
    for number in range(count):
        tinted = faces.read(0).pixels * np.roll([1.0, 1 - 0.02 * number, 0.8], number)
        save(folder / f"person{number}.png", tinted.astype(np.uint8))
    return folder


def manipulated(pixels: Pixels, number: int = 0) -> tuple[Pixels, Pixels]:
    """The face turned blue in a rectangle, and its mask."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[90 + number : 160, 190:270] = 255
    fake = pixels.copy()
    fake[..., 0][mask > 0] = fake[..., 0][mask > 0] // 3
    return fake, mask


def write_folders(folder: Path, astronaut: Pixels, count: int = 3) -> Path:
    """`real/`, `fake/Deepfakes/` with masks, and one clip of each class."""
    for number in range(count):
        real = np.roll(astronaut, number, axis=1)
        fake, mask = manipulated(astronaut, number)
        save(folder / f"real/{number}.png", real)
        save(folder / f"fake/Deepfakes/{number}.png", fake)
        save(folder / f"masks/Deepfakes/{number}.png", mask)
    fake, _ = manipulated(astronaut)
    for name, pixels in (("real/clip.mp4", astronaut), ("fake/clip.mp4", fake)):
        frames = [np.roll(pixels, step, axis=1)[:400, :400] for step in range(4)]
        (folder / name).write_bytes(clip(frames))
    return folder


@dataclass(frozen=True, slots=True)
class Lengths:
    """Frames of the clips of a miniature: originals are often longer than their fakes."""

    real: int = 9
    fake: int = 6
    mask: int = 7


UNEQUAL = Lengths()


def write_faceforensics(
    root: Path, astronaut: Pixels, methods: tuple[str, ...], lengths: Lengths = UNEQUAL
) -> Path:
    """A miniature of the official layout: one pair of clips in each split."""
    longest = max(lengths.real, lengths.fake, lengths.mask)
    frames = [np.roll(astronaut, 2 * step, axis=1)[:320, :400] for step in range(longest)]
    for number, split in enumerate(("train", "val", "test")):
        a, b = f"{2 * number:03d}", f"{2 * number + 1:03d}"
        lists = root / "splits" / f"{split}.json"
        lists.parent.mkdir(parents=True, exist_ok=True)
        lists.write_text(json.dumps([[a, b]]))
        for name in (a, b):
            _write_clip(
                root / f"original_sequences/youtube/c23/videos/{name}.mp4", frames[: lengths.real]
            )
        for method in methods:
            made = root / "manipulated_sequences" / method
            fakes, masks = zip(*(manipulated(f) for f in frames), strict=True)
            for name in (f"{a}_{b}", f"{b}_{a}"):
                _write_clip(made / f"c23/videos/{name}.mp4", list(fakes[: lengths.fake]))
                coloured = [np.dstack((m // 2, m, m // 4)) for m in masks[: lengths.mask]]
                _write_clip(made / f"masks/videos/{name}.mp4", coloured)
    return root


def _write_clip(path: Path, frames: list[Pixels]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(clip(frames))


def forge_of(faces: FaceIndex) -> Forge:
    """A forge whose crops are the service's."""
    return Forge(faces, CropRule())
