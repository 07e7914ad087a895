"""A frame with its mask shown on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

_RED = np.array([255, 0, 0], np.float32)
_COLOURS = {
    "manipulated": (255, 0, 0),
    "inconclusive": (255, 170, 0),
    "authentic": (0, 160, 60),
}


def draw_overlay(
    pixels: NDArray[np.uint8],
    mask: NDArray[np.uint8] | None,
    boxes: tuple[tuple[str, int, int, int, int], ...],
) -> NDArray[np.uint8]:
    """Tint the manipulated region red and frame the faces in their verdict's colour.

    pixels: uint8 RGB (H, W, 3); mask: uint8 (H, W), 255 = manipulated, or None.
    boxes: (verdict, x, y, width, height) in frame pixels. Returns a new picture.
    """
    drawn = pixels.copy()
    if mask is not None:
        region = mask > 0
        drawn[region] = (0.55 * drawn[region] + 0.45 * _RED).astype(np.uint8)
    thickness = max(1, round(max(pixels.shape[:2]) / 500))
    for verdict, x, y, width, height in boxes:
        cv2.rectangle(drawn, (x, y), (x + width, y + height), _COLOURS[verdict], thickness)
    return drawn
