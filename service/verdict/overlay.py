"""A frame with its findings drawn on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box
from service.verdict.calibration import FaceVerdict
from service.verdict.mask import draw_into_frame

Pixels = NDArray[np.uint8]

_RED = (221, 51, 51)
_COLOURS: dict[FaceVerdict, tuple[int, int, int]] = {
    "manipulated": _RED,
    "inconclusive": (190, 110, 0),
    "authentic": (23, 127, 79),
}
_TINT = 0.35
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn for one face in one frame.

    mask_png: the network's grey mask as a PNG, which crosses process borders cheaply; None
        draws none. crop_to_frame: float64 (2, 3), from its pixels to the frame's.
    """

    verdict: FaceVerdict
    label: str
    box: Box
    mask_png: bytes | None
    crop_to_frame: NDArray[np.float64]

    def scaled(self, scale: float) -> "Mark":
        """The same for a frame `scale` times as large."""
        box = self.box
        affine = self.crop_to_frame * scale
        # Pixel centres are whole numbers, so a picture's corner lies at -0.5.
        affine[:, 2] += scale / 2 - 0.5
        return Mark(
            self.verdict,
            self.label,
            Box(box.x * scale, box.y * scale, box.width * scale, box.height * scale),
            self.mask_png,
            affine,
        )


def draw_overlay(pixels: Pixels, marks: Sequence[Mark], threshold: int, note: str = "") -> Pixels:
    """Tint and outline the manipulated region, frame and label the faces.

    pixels: uint8 RGB (H, W, 3); threshold: grey level from which a mask says manipulated;
    note: a few ASCII words for the corner. Returns a new picture.
    """
    drawn = pixels.copy()
    height, width = pixels.shape[:2]
    pen = max(2, round(max(height, width) / 500))
    region = np.zeros((height, width), np.uint8)
    for mark in marks:
        if mark.mask_png is not None:
            draw_into_frame(region, mark.crop_to_frame, _decoded(mark.mask_png), threshold)
    inside = region > 0
    drawn[inside] = ((1 - _TINT) * drawn[inside] + _TINT * np.array(_RED)).astype(np.uint8)
    outlines, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, outlines, -1, _RED, pen)
    for mark in marks:
        left, top = round(mark.box.x), round(mark.box.y)
        right, bottom = round(mark.box.x + mark.box.width), round(mark.box.y + mark.box.height)
        cv2.rectangle(drawn, (left, top), (right, bottom), _COLOURS[mark.verdict], pen)
        _write(drawn, mark.label, (left, top), _COLOURS[mark.verdict])
    if note:
        _write(drawn, note, (0, height), (60, 60, 60))
    return drawn


def _write(picture: Pixels, text: str, at: tuple[int, int], ground: tuple[int, int, int]) -> None:
    """White on a coloured strip above `at`, or below it where there is no room above."""
    size = max(0.45, max(picture.shape[:2]) / 1400)
    stroke = max(1, round(1.6 * size))
    (width, height), _ = cv2.getTextSize(text, _FONT, size, stroke)
    rim = height // 2
    left = max(0, min(at[0], picture.shape[1] - width - 2 * rim))
    bottom = at[1] if at[1] >= height + 2 * rim else at[1] + height + 2 * rim
    strip = (left, bottom - height - 2 * rim), (left + width + 2 * rim, bottom)
    cv2.rectangle(picture, *strip, ground, cv2.FILLED)
    place = (left + rim, bottom - rim)
    cv2.putText(picture, text, place, _FONT, size, (255, 255, 255), stroke, cv2.LINE_AA)


def _decoded(png: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
