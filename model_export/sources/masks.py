"""Masks of fakes as files: a picture, a folder of numbered pictures, or a clip."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.clip_frames import frames_at
from model_export.data.pictures import COUNTS_FROM, read_mask
from model_export.sources.numbered import numbered_pictures
from service.errors import UnmaskError
from service.faces.extraction import Extraction
from service.media.sniff import sniff

Mask = NDArray[np.uint8]
CLIPS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
_SAME_SHAPE = 0.02
"""By how much the ratio of a mask's sides may differ from that of its picture's."""


def find_mask(masks: Path, inner: Path) -> Path | None:
    """The mask of the fake at `inner` below `fake/`, or None.

    At the same path below `masks/`, or under the fake's stem alone: a file with the fake's own
    ending, a PNG, a clip, or a folder of pictures numbered by frame, see `numbered_pictures`;
    endings in small or in capital letters.
    """
    plain = inner.with_suffix("")
    endings = dict.fromkeys((inner.suffix, inner.suffix.lower(), ".png", *CLIPS))
    for place in (masks / plain, masks / plain.name):
        for suffix in endings:
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
        numbered = numbered_pictures(path, extraction.media.frames_total)
        change = altered if extraction.media.kind == "image" else lambda mask: mask
        found = {i: _fitted_picture(numbered[i], shape, change) for i in indices if i in numbered}
        if not found:
            raise ValueError(f"no picture in {path.name} has the number of a frame looked at")
        return found
    if _is_clip(path):
        return _read_clip(path, set(indices), shape)
    if extraction.media.kind == "video":
        raise ValueError(f"{path.name} is one picture, but its fake is a clip")
    return {indices[0]: _fitted_picture(path, shape, altered)}


def _read_clip(path: Path, wanted: set[int], shape: tuple[int, int]) -> dict[int, Mask]:
    """The wanted frames of a clip of masks, each of which must be there."""
    found: dict[int, Mask] = {}
    for index, frame in frames_at(path, wanted):
        found[index] = fitted(path, _black_and_white(frame.max(2)), shape)
    if missing := wanted - set(found):
        raise ValueError(f"{path.name} has no frame {min(missing)}, its fake does")
    return found


def _is_clip(path: Path) -> bool:
    if path.suffix.lower() in CLIPS:
        return True
    try:
        return sniff(path.read_bytes()).family != "picture"
    except UnmaskError:
        return False


def _fitted_picture(path: Path, shape: tuple[int, int], altered: Callable[[Mask], Mask]) -> Mask:
    mask = read_mask(path)
    lossless = path.suffix.lower() == ".png"
    return fitted(path, altered(mask if lossless else _black_and_white(mask)), shape)


def _black_and_white(mask: Mask) -> Mask:
    """What a codec made of a mask: it does not keep black black, but the values lie far apart."""
    return np.where(mask >= COUNTS_FROM, 255, 0).astype(np.uint8)


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
