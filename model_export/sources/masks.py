"""Masks of fakes as files: a picture, a folder of numbered pictures, or a clip."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.clip_frames import frames_at
from model_export.data.pictures import COUNTS_FROM, read_mask
from service.faces.extraction import Extraction

Mask = NDArray[np.uint8]
CLIPS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
_SAME_SHAPE = 0.02
"""By how much the ratio of a mask's sides may differ from that of its picture's."""


def find_mask(masks: Path, inner: Path) -> Path | None:
    """The mask of the fake at `inner` below `fake/`, or None.

    At the same path below `masks/`, or under the fake's stem alone: a PNG, a folder of PNGs
    named by frame number from 0, or a clip; endings in small or in capital letters.
    """
    plain = inner.with_suffix("")
    for place in (masks / plain, masks / plain.name):
        for suffix in (".png", *CLIPS):
            for spelt in (suffix, suffix.upper()):
                path = place.with_name(place.name + spelt)
                if path.is_file():
                    return path
        if place.is_dir():
            return place
    return None


def read_masks(
    path: Path, extraction: Extraction, altered: Callable[[Mask], Mask]
) -> dict[int, Mask]:
    """By frame index, uint8 (H, W) of the frames' size; numbered pictures may lack frames.

    altered: what is done to the mask of a picture that was altered before extraction.
    Raises ValueError when a mask cannot be read, has another shape, or belongs to no frame.
    """
    shape = (extraction.media.height, extraction.media.width)
    indices = [index for index, _, _ in extraction.frames]
    if path.is_dir():
        pictures = [file for file in path.iterdir() if file.suffix.lower() == ".png"]
        numbered = {int(file.stem): file for file in pictures if file.stem.isdecimal()}
        change = altered if extraction.media.kind == "image" else lambda mask: mask
        return {i: _fitted_picture(numbered[i], shape, change) for i in indices if i in numbered}
    if path.suffix.lower() in CLIPS:
        return _read_clip(path, set(indices), shape)
    if extraction.media.kind == "video":
        raise ValueError(f"{path.name} is one picture, but its fake is a clip")
    return {indices[0]: _fitted_picture(path, shape, altered)}


def _read_clip(path: Path, wanted: set[int], shape: tuple[int, int]) -> dict[int, Mask]:
    """The wanted frames of a clip of masks, each of which must be there."""
    found: dict[int, Mask] = {}
    for index, frame in frames_at(path, wanted):
        # Codecs do not keep black black; the values of a mask lie far apart.
        mask = np.where(frame.max(2) >= COUNTS_FROM, 255, 0).astype(np.uint8)
        found[index] = fitted(path, mask, shape)
    if missing := wanted - set(found):
        raise ValueError(f"{path.name} has no frame {min(missing)}, its fake does")
    return found


def _fitted_picture(path: Path, shape: tuple[int, int], altered: Callable[[Mask], Mask]) -> Mask:
    return fitted(path, altered(read_mask(path)), shape)


def fitted(path: Path, mask: Mask, shape: tuple[int, int]) -> Mask:
    """The mask at the size of what it belongs to. Raises ValueError when that has another shape."""
    height, width = shape
    own_height, own_width = mask.shape
    if abs(own_width * height / (own_height * width) - 1) > _SAME_SHAPE:
        raise ValueError(
            f"the mask {path.name} is {mask.shape}, its picture {shape}: not of one shape"
        )
    sized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(sized, np.uint8)
