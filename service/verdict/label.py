"""Words on a frame: where they are written, and how large."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box

Colour = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE = (255, 255, 255)
_SMALLEST = 0.45
"""Times the font's own size. What is smaller cannot be read."""
_WIDEST = 1.5
"""Widths of a face's box that its label may take."""


@dataclass(frozen=True, slots=True)
class Label:
    """White words on a coloured strip.

    size: times the font's own size.
    strip: what is covered, in whole frame pixels.
    """

    text: str
    ground: Colour
    size: float
    strip: Box

    def draw(self, picture: NDArray[np.uint8]) -> None:
        """picture: uint8 RGB (H, W, 3); is drawn on."""
        left, top = int(self.strip.x), int(self.strip.y)
        right, bottom = left + int(self.strip.width), top + int(self.strip.height)
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), self.ground, cv2.FILLED)
        rim = (bottom - top) // 4
        place, stroke = (left + rim, bottom - rim), _stroke(self.size)
        cv2.putText(picture, self.text, place, _FONT, self.size, _WHITE, stroke, cv2.LINE_AA)


def in_corner(text: str, ground: Colour, frame: tuple[int, int]) -> Label:
    """A label at the lower left. frame: width and height in pixels."""
    size = _largest(frame)
    width, height = _strip(text, size)
    return Label(text, ground, size, Box(0, max(0, frame[1] - height), width, height))


def beside(
    face: Box, text: str, ground: Colour, frame: tuple[int, int], spared: Sequence[Box]
) -> Label:
    """A label above a face, or below it where less of `spared` is hidden there.

    It is at most 1.5 boxes wide, as far as it can be read then: a picture's size says nothing of
    its faces'.
    frame: width and height in pixels; spared: what is not to be hidden, this face included.
    """
    size = _WIDEST * face.width / _strip(text, 1.0)[0]
    size = max(_SMALLEST, min(size, _largest(frame)))
    width, height = _strip(text, size)
    left = _within(round(face.x), frame[0] - width)
    tops = floor(face.y) - height, ceil(face.y + face.height)
    strips = [Box(left, _within(top, frame[1] - height), width, height) for top in tops]
    strip = min(strips, key=lambda strip: sum(strip.shared(box) for box in spared))
    return Label(text, ground, size, strip)


def _largest(frame: tuple[int, int]) -> float:
    return max(_SMALLEST, max(frame) / 1400)


def _strip(text: str, size: float) -> tuple[int, int]:
    """Width and height in pixels: the text and half its height on every side."""
    (width, height), _ = cv2.getTextSize(text, _FONT, size, _stroke(size))
    rim = height // 2
    return width + 2 * rim, height + 2 * rim


def _stroke(size: float) -> int:
    return max(1, round(1.6 * size))


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))
