"""Masks of fakes as files: a picture, a folder of numbered pictures, or a clip."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.extraction import Extraction
from service.media.limits import MediaLimits
from service.media.moving import open_moving
from service.media.sniff import sniff

Mask = NDArray[np.uint8]
CLIPS = (".mp4", ".avi", ".mkv", ".mov", ".webm")


def find_mask(masks: Path, inner: Path) -> Path | None:
    """The mask of the fake at `inner` below `fake/`, or None.

    At the same path below `masks/`, or under the fake's stem alone: a PNG, a folder of PNGs
    named by frame number from 0, or a clip.
    """
    plain = inner.with_suffix("")
    for place in (masks / plain, masks / plain.name):
        files = [place.with_name(place.name + suffix) for suffix in (".png", *CLIPS)]
        for path in files:
            if path.is_file():
                return path
        if place.is_dir():
            return place
    return None


def read_masks(path: Path, extraction: Extraction, limits: MediaLimits) -> dict[int, Mask]:
    """By frame index, uint8 (H, W) of the frames' size; frames without one are absent.

    Raises ValueError when a mask cannot be read or has another size, UnmaskError for a clip
    that cannot be decoded.
    """
    shape = (extraction.media.height, extraction.media.width)
    indices = [index for index, _ in extraction.frames]
    if path.is_dir():
        numbered = {int(file.stem): file for file in path.glob("*.png") if file.stem.isdigit()}
        return {i: read_mask(numbered[i], shape) for i in indices if i in numbered}
    if path.suffix not in CLIPS:
        return {indices[0]: read_mask(path, shape)}
    data = path.read_bytes()
    frames = open_moving(sniff(data).name, data, limits).frames(len(indices))
    # Codecs do not keep black black; the values of a mask lie far apart.
    found = {
        frame.index: np.where(frame.pixels.max(2) > 127, 255, 0).astype(np.uint8)
        for frame in frames
    }
    for mask in found.values():
        check_shape(path, mask, shape)
    return {i: found[i] for i in indices if i in found}


def read_mask(path: Path, shape: tuple[int, int] | None = None) -> Mask:
    """A mask, uint8 (H, W). Raises ValueError when it cannot be read or has another shape."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise ValueError(f"cannot read the mask {path}")
    if shape is not None:
        check_shape(path, np.asarray(mask, np.uint8), shape)
    return np.asarray(mask, np.uint8)


def check_shape(path: Path, mask: Mask, shape: tuple[int, int]) -> None:
    """Raises ValueError when a mask has another size than what it belongs to."""
    if mask.shape != shape:
        raise ValueError(f"the mask {path.name} is {mask.shape}, its picture {shape}")
