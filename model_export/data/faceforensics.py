"""FaceForensics++ in its official layout: which clips there are, and their frames.

original_sequences/youtube/c23/videos/000.mp4
manipulated_sequences/Deepfakes/c23/videos/000_003.mp4     target 000, face of 003
manipulated_sequences/Deepfakes/masks/videos/000_003.mp4
splits/train.json, val.json, test.json                     [["000", "003"], ...]
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from model_export.data.clip_frames import frame_count, frames_at
from model_export.data.json_files import checked, read_json, read_objects

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
MANIFEST = "manifest.jsonl"
SPLITS = ("train", "val", "test")
MANIPULATED_LEVEL = 32
"""Grey level of the brightest channel from which a pixel of a mask clip is manipulated: the masks
of some methods are coloured, and all are compressed."""


@dataclass(frozen=True, slots=True)
class ClipPair:
    """One manipulated clip with its original and its mask clip."""

    split: str
    method: str
    name: str
    fake: Path
    real: Path
    mask: Path

    @property
    def key(self) -> str:
        """Unique among all pairs of one compression."""
        return f"{self.method}_{self.name}"


@dataclass(frozen=True, slots=True)
class _Row:
    """What is read of a manifest's row, see `faceforensics_crops.cut_pair`."""

    split: str
    label: Literal["fake", "real"]
    method: str
    file: str
    mask: str | None
    clip: Annotated[str, Field(pattern="_")]
    enlargement: float


def list_pairs(
    root: Path, compression: str, methods: tuple[str, ...] = METHODS, splits: Path | None = None
) -> tuple[list[ClipPair], dict[str, list[str]]]:
    """Pairs whose three clips are there, and names of the others by what they lack.

    Both in official order.

    splits: folder of the official lists; default: `splits` under the root.
    Raises ValueError when a list is absent or malformed, or when no pair is there at all.
    """
    pairs: list[ClipPair] = []
    absent: dict[str, list[str]] = defaultdict(list)
    for pair in official_pairs(root, compression, methods, splits):
        clips = {"their fake": pair.fake, "their original": pair.real, "their mask": pair.mask}
        lacking = [name for name, path in clips.items() if not path.is_file()]
        if not lacking:
            pairs.append(pair)
        else:
            absent[lacking[0]].append(pair.key)
    if not pairs:
        raise ValueError(
            f"no clip of the lists has its original and mask of {compression} under {root}"
        )
    return pairs, absent


def official_pairs(
    root: Path, compression: str, methods: tuple[str, ...], splits: Path | None
) -> list[ClipPair]:
    """Every pair of the lists, in official order, whether its clips are there or not.

    Raises ValueError when a list is absent or malformed.
    """
    return [
        _pair(root, compression, split, method, f"{target}_{source}")
        for split, listed in read_splits(splits or root / "splits").items()
        for a, b in listed
        for method in methods
        for target, source in ((a, b), (b, a))
    ]


def read_splits(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The official lists by the name of their split. Raises ValueError."""
    return {split: read_split(folder / f"{split}.json") for split in SPLITS}


def splits_digest(folder: Path) -> str:
    """SHA-256 of what the lists say, however they are written. Raises ValueError."""
    return hashlib.sha256(json.dumps(read_splits(folder)).encode()).hexdigest()


def read_split(path: Path) -> list[tuple[str, str]]:
    """An official list of pairs of clips. Raises ValueError."""
    try:
        content = read_json(path)
    except OSError as error:
        raise ValueError(f"there is no list {path}") from error
    if not isinstance(content, list) or any(
        not isinstance(p, list) or len(p) != 2 or not all(str(x).isalnum() for x in p)
        for p in content
    ):
        raise ValueError(f"{path} is not a list of pairs of clip names")
    return [(str(a), str(b)) for a, b in content]


def _pair(root: Path, compression: str, split: str, method: str, name: str) -> ClipPair:
    made = root / "manipulated_sequences" / method
    original = root / "original_sequences" / "youtube" / compression / "videos"
    return ClipPair(
        split=split,
        method=method,
        name=name,
        fake=made / compression / "videos" / f"{name}.mp4",
        real=original / f"{name.partition('_')[0]}.mp4",
        mask=made / "masks" / "videos" / f"{name}.mp4",
    )


def read_manifest(root: Path) -> list[dict[str, Any]]:
    """The rows of a prepared folder's manifest.

    Raises ValueError when there is none, a damaged one, or one from before rows told how much crops
    are enlarged.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise ValueError(f"there is no {path}; make it with `unmask-model prepare`")
    rows = read_objects(path)
    if any("enlargement" not in row for row in rows):
        raise ValueError(f"{path} is of an earlier version: prepare into an empty folder")
    checked(TypeAdapter(list[_Row]), rows, path)
    return rows


def common_indices(pair: ClipPair, count: int) -> list[int]:
    """Up to `count` indices of frames that all three clips have, evenly spaced.

    Originals are often longer than their fakes: frames chosen by the length of each clip would
    not be the same ones. Fewer than `count` where the shortest clip has fewer frames.
    Raises ValueError when a clip has none.
    """
    least = min(frame_count(path) for path in (pair.fake, pair.real, pair.mask))
    return sorted({int((i + 0.5) * least / count) for i in range(count)})


def read_frames(path: Path, indices: Collection[int]) -> dict[int, NDArray[np.uint8]]:
    """Frames by index, uint8 RGB (H, W, 3), without those that cannot be read.

    Raises ValueError when none can.
    """
    frames = dict(frames_at(path, indices))
    if not frames:
        raise ValueError(f"no frame of {path} can be read")
    return frames


def binary_mask(drawn: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame of a mask clip, uint8 (h, w, 3), as uint8 (H, W) of the fake's shape, 0 or 255."""
    mask = np.where(drawn.max(2) >= MANIPULATED_LEVEL, 255, 0).astype(np.uint8)
    if mask.shape != shape:
        mask = np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return np.asarray(cv2.medianBlur(mask, 5), np.uint8)
