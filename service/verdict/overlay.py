"""A frame with its findings drawn on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box
from service.verdict.calibration import FaceVerdict
from service.verdict.label import Colour, Label, beside, in_corner
from service.verdict.mask import draw_into_frame

Pixels = NDArray[np.uint8]

_RED = (221, 51, 51)
_COLOURS: dict[FaceVerdict, Colour] = {
    "manipulated": _RED,
    "inconclusive": (190, 110, 0),
    "authentic": (23, 127, 79),
}
_GREY = (60, 60, 60)
_TINT = 0.35


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
    # Before all lines, which stay whole where a label has no room but on a face.
    for label in _labels(marks, note, (width, height)):
        label.draw(drawn)
    outlines, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, outlines, -1, _RED, pen)
    for mark in marks:
        left, top = round(mark.box.x), round(mark.box.y)
        right, bottom = round(mark.box.x + mark.box.width), round(mark.box.y + mark.box.height)
        cv2.rectangle(drawn, (left, top), (right, bottom), _COLOURS[mark.verdict], pen)
    return drawn


def _labels(marks: Sequence[Mark], note: str, frame: tuple[int, int]) -> list[Label]:
    """The note and each face's label, which keep clear of all faces and of one another."""
    labels = [in_corner(note, _GREY, frame)] if note else []
    faces = [mark.box for mark in marks]
    for mark in marks:
        spared = faces + [label.strip for label in labels]
        labels.append(beside(mark.box, mark.label, _COLOURS[mark.verdict], frame, spared))
    return labels


def _decoded(png: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
