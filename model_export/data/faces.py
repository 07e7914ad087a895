"""A folder of real faces with 68 landmarks each: what the forge works on."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from model_export.data.pictures import read_picture
from model_export.data.warp import Picture, Points
from service.faces.crop import Box

LANDMARKS = "landmarks.npz"
"""What `unmask-model prepare-faces` writes into a folder of pictures, see `load_index`."""
LEAST_INSIDE = 0.25
"""Share of a face's box that is in its picture: of tight pictures it reaches over the edge."""


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
        """Decode one picture. Raises ValueError when it cannot be read, or its box is elsewhere."""
        path = self.root / self.names[position]
        picture = read_picture(path)
        box = Box(*(float(v) for v in self.boxes[position]))
        height, width = picture.shape[:2]
        # Not "less than": what is no number is in no picture either.
        if not box.shared(Box(0, 0, width, height)) > LEAST_INSIDE * box.width * box.height:
            raise ValueError(
                f"{path} is no longer the picture whose face was found: its landmarks are of "
                "another; run `unmask-model prepare-faces` again"
            )
        return RealFace(picture, self.landmarks[position], box)

    @property
    def digest(self) -> str:
        """SHA-256 of which pictures these are, by their names."""
        names = "\n".join(self.names)
        return hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()

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
    """Pictures named NNN_xx in one folder show the person NNN; any other name its own person.

    The rule for landmarks files that do not say who is who (see `load_index`).
    """
    folder, _, file = name.rpartition("/")
    stem = file.rpartition(".")[0]
    person, mark, take = stem.partition("_")
    return f"{folder}/{person if mark and person.isdigit() and take.isdigit() else stem}"


def load_index(root: Path, landmarks: Path) -> FaceIndex:
    """Read a landmarks file: names (N,), landmarks68 (N, 68, 2), box_xywh (N, 4).

    Where it has people (N,), pictures with the same entry show the same person.
    Raises ValueError when the file lacks one of them or names pictures that do not exist.
    """
    table = read_table(landmarks, {"names": (), "landmarks68": (68, 2), "box_xywh": (4,)})
    names = tuple(str(n) for n in table["names"])
    if len(table.get("people", names)) != len(names):
        raise ValueError(f"{landmarks} does not name one person for each picture")
    points = table["landmarks68"].astype(np.float32)
    boxes = table["box_xywh"].astype(np.float32)
    shown = table["people"].tolist() if "people" in table else [identity_of(n) for n in names]
    keep = np.array([(root / n).is_file() for n in names])
    if not keep.any():
        raise ValueError(f"none of the pictures named in the landmarks file is under {root}")
    identities = numbered(shown)
    return FaceIndex(root, names, points, boxes, identities).subset(np.flatnonzero(keep))


def numbered(people: Sequence[str]) -> NDArray[np.int64]:
    """A number for each name, int64 (N,), in the order in which they first appear."""
    numbers = {person: number for number, person in enumerate(dict.fromkeys(people))}
    return np.array([numbers[person] for person in people], np.int64)


def read_table(path: Path, needed: dict[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file by name.

    needed: by name, the shape of one of an array's N entries: text where it is (), else numbers.
    Raises ValueError when the file is none, lacks some of them or has them in other shapes.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            table = {name: stored[name] for name in stored.files}
    except (BadZipFile, EOFError, AttributeError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} is no npz file, or a damaged one") from error
    absent = sorted(set(needed) - set(table))
    if absent:
        raise ValueError(f"{path.name} lacks {', '.join(absent)}")
    count = max(table[name].shape[:1] for name in needed)
    for name, shape in needed.items():
        array = table[name]
        if array.shape != (*count, *shape) or array.dtype.kind not in ("fiu" if shape else "U"):
            raise ValueError(
                f"{path}: {name} is {array.dtype} {array.shape}, which does not fit the others"
            )
    return table
