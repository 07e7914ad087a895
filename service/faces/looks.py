"""What looks tell of faces: that there was a cut between two, or which of several one is."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box
from service.faces.light import light_of

Look = NDArray[np.float32]
"""A face and what is around it, in little: float32 (16, 16, 3), grey levels."""

_SIDE, _CORE = 16, 12
"""The core of one is looked for in the other: boxes are not exact, and heads move."""
_AROUND = 1.4
# Of people in pictures of different origin seven pairs of eight are less alike; of the same ones in
# front of the same wall, earnest and smiling, none of 102 was.
_LEAST_CORRELATION = 0.65
# Flat ones correlate as noise does, however alike they are. Grey levels, on average; in dim ones,
# where nobody differs by much from anybody, so much less.
_LEAST_DIFFERENCE = 25.0
# More alike were one in 45 pairs of people in front of the same wall, none of others, and 82 % of
# the same ones, earnest and smiling. And by so much more: who laughs is less like himself, too.
_SURE_CORRELATION, _CLEARLY = 0.9, 0.15


def look_at(rgb: NDArray[np.uint8], box: Box) -> Look:
    """How the face in a box of a uint8 RGB (H, W, 3) picture looks."""
    height, width = rgb.shape[:2]
    half = _AROUND * max(box.width, box.height) / 2
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    left, top = max(round(middle_x - half), 0), max(round(middle_y - half), 0)
    right, bottom = min(round(middle_x + half), width), min(round(middle_y + half), height)
    window = rgb[top : max(bottom, top + 1), left : max(right, left + 1)]
    small = cv2.resize(window, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def alike(one: Look, other: Look, known: float | None = None) -> bool:
    """Whether both may be the same face, some time apart. known: their `likeness`, if it is."""
    if (likeness(one, other) if known is None else known) >= _LEAST_CORRELATION:
        return True
    difference = float(np.abs(one - other).mean())
    # Light is at most 1, and takes time to measure.
    return difference < _LEAST_DIFFERENCE and (
        difference < _LEAST_DIFFERENCE * max(_light(one), _light(other))
    )


def likeness(one: Look, other: Look) -> float:
    """How alike two look, up to 1, whatever the light."""
    return max(_correlation(one, other), _correlation(other, one))


def outdone(own: float, others: Iterable[float]) -> bool:
    """Whether a face is surely a rival's, although it may be `alike` one.

    own: its `likeness` to that one. others: to its rivals.
    """
    least = max(_SURE_CORRELATION, own + _CLEARLY)
    return least < 1.0 and any(each > least for each in others)


def _light(look: Look) -> float:
    return light_of(np.asarray(cv2.cvtColor(look, cv2.COLOR_RGB2GRAY), np.float32))


def _correlation(whole: Look, other: Look) -> float:
    edge = (_SIDE - _CORE) // 2
    core = np.ascontiguousarray(other[edge : edge + _CORE, edge : edge + _CORE])
    return float(cv2.matchTemplate(whole, core, cv2.TM_CCOEFF_NORMED).max())
