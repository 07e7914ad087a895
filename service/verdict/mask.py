"""The network's masks, drawn back to where they belong."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, FaceCrop
from service.verdict.findings import MaskFinding

Mask = NDArray[np.uint8]


def crop_mask(crop: FaceCrop, mask: Mask, threshold: int) -> MaskFinding:
    """A face's mask in its crop, or about it where the crop was turned.

    mask: uint8 (size, size); manipulated from `threshold` on.
    """
    size = crop.pixels.shape[0]
    corners = _corners(crop.crop_to_frame, size)
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    box = Box(float(left), float(top), float(right - left), float(bottom - top))
    if crop.roll:
        scale = size / box.width
        to_box = scale * (crop.crop_to_frame - np.array([[0, 0, left - 0.5], [0, 0, top - 0.5]]))
        to_box[:, 2] -= 0.5
        mask = np.asarray(cv2.warpAffine(mask, to_box, (size, size)), np.uint8)
    pixels = decided(mask, threshold)
    return MaskFinding(pixels, crop.frame_index, box, area_fraction(pixels))


def draw_into_frame(
    frame: Mask, crop_to_frame: NDArray[np.float64], mask: Mask, threshold: int
) -> None:
    """Draw a face's mask into a frame's, in place; where masks meet the larger value stays.

    frame: uint8 (H, W); mask: uint8 (size, size). The grey mask is enlarged first and decided
    afterwards, which keeps its outline smooth on faces larger than the crop.
    """
    height, width = frame.shape
    corners = _corners(crop_to_frame, mask.shape[0])
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return
    # Only the face's own rectangle is warped: a frame may have fifty million pixels.
    to_region = crop_to_frame - np.array([[0.0, 0.0, left], [0.0, 0.0, top]])
    drawn = cv2.warpAffine(mask, to_region, (int(right - left), int(bottom - top)))
    region = frame[top:bottom, left:right]
    np.maximum(region, decided(drawn.astype(np.uint8, copy=False), threshold), out=region)


def encode_png(pixels: Mask) -> bytes:
    """A grey PNG of one bit a pixel of a mask that holds 0 and 255 only."""
    # Most masks are: nothing is drawn on faces judged authentic.
    if not cv2.countNonZero(pixels):
        return _black_png(*pixels.shape)
    return _bilevel_png(pixels)


@functools.lru_cache(maxsize=32)
def _black_png(height: int, width: int) -> bytes:
    return _bilevel_png(np.zeros((height, width), np.uint8))


def _bilevel_png(pixels: Mask) -> bytes:
    # Faster and smaller than OpenCV's defaults.
    return _png(pixels, cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 1)


def encode_grey_png(pixels: Mask) -> bytes:
    """A grey PNG of 8 bits a pixel."""
    # OpenCV's defaults are faster here than any compression level set by hand.
    return _png(pixels)


def _png(pixels: Mask, *parameters: int) -> bytes:
    encoded, data = cv2.imencode(".png", pixels, parameters)
    if not encoded:
        raise ValueError("the mask cannot be encoded")
    return data.tobytes()


def area_fraction(pixels: Mask) -> float:
    """Share of pixels that are not 0."""
    return cv2.countNonZero(pixels) / pixels.size


def decided(mask: Mask, threshold: int) -> Mask:
    """A grey mask in black and white: manipulated, 255, from `threshold` on."""
    _, binary = cv2.threshold(mask, threshold - 1, 255, cv2.THRESH_BINARY)
    return binary.astype(np.uint8, copy=False)


def _corners(crop_to_frame: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The outer corners of the crop's square in frame pixels, float64 (4, 2)."""
    low, high = -0.5, size - 0.5
    square = np.array([[low, low, 1.0], [high, low, 1.0], [low, high, 1.0], [high, high, 1.0]])
    # Pixel centres are whole numbers, so the first pixel's outer edge lies at -0.5.
    return square @ crop_to_frame.T + 0.5
