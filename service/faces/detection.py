"""A face found in a picture, what finds it, and how overlapping finds are merged."""

import cmath
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box

# The detector draws tilted faces more upright than they are: of 20 to 40 degrees its landmarks
# show between half and all, three quarters on the whole.
_SHOWN_PER_TILT = 1.3
_LEANING = math.radians(6.0)
# Degrees. Of heads held upright the landmarks stray by about 3, and the network is used to 10.
_LEAST_ROLL = 10.0
_MOST_OVERLAP = 0.35


@dataclass(frozen=True, slots=True)
class Detection:
    """One face in one picture.

    landmarks: eyes, nose tip, mouth corners, left to right as the upright face is seen, in the
        picture's pixels; empty where the detector gives none.
    score: the detector's, 0 to 1.
    turns: quarter turns, clockwise as the picture is seen, by which the face was turned from
        upright when it was found; 0 to 3.
    """

    box: Box
    landmarks: tuple[tuple[float, float], ...]
    score: float
    turns: int = 0

    @property
    def leans(self) -> bool:
        """Whether any of the lines that `roll` goes by hints at a tilt."""
        return any(abs(cmath.phase(line)) > _LEANING for line in self._lines())

    @property
    def roll(self) -> float:
        """Degrees by which the head is tilted, clockwise as the picture is seen; 0 if hardly.

        Above -180 and up to 180. What is left of whole quarter turns is estimated from the eyes,
        the mouth, and the way from one to the other.
        """
        across = sum(line / abs(line) for line in self._lines())
        shown = math.degrees(cmath.phase(across)) if across else 0.0
        degrees = max(-180.0, min(180.0, _SHOWN_PER_TILT * shown))
        rest = degrees if abs(degrees) >= _LEAST_ROLL else 0.0
        return 180.0 - (180.0 - 90.0 * self.turns - rest) % 360.0

    def _lines(self) -> list[complex]:
        """What is level in an upright face, its quarter turns undone, as far as it is known."""
        if not self.landmarks:
            return []
        back = 1j**-self.turns
        left_eye, right_eye, _, left_mouth, right_mouth = (
            back * complex(x, y) for x, y in self.landmarks
        )
        down = left_mouth + right_mouth - left_eye - right_eye
        return [
            line for line in (right_eye - left_eye, right_mouth - left_mouth, down / 1j) if line
        ]

    def mapped(self, scale: float, left: float = 0.0, top: float = 0.0) -> "Detection":
        """The same face in a picture `scale` times as large, moved by (left, top) after that."""
        box = self.box
        return Detection(
            Box(box.x * scale + left, box.y * scale + top, box.width * scale, box.height * scale),
            tuple((x * scale + left, y * scale + top) for x, y in self.landmarks),
            self.score,
            self.turns,
        )

    def turned(self, turns: int, width: float, height: float) -> "Detection":
        """The same face where the picture itself is turned clockwise.

        turns: quarter turns. width, height: of the picture as it is before that, in pixels.
        """
        if not turns:
            return self
        box = self.box
        once = Detection(
            Box(height - box.y - box.height, box.x, box.height, box.width),
            tuple((height - y, x) for x, y in self.landmarks),
            self.score,
            (self.turns + 1) % 4,
        )
        return once.turned(turns - 1, height, width)


class Detector(Protocol):
    """Looks at a picture once, at the size it is given."""

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """Find faces in a uint8 RGB (H, W, 3) picture; boxes in its pixels."""
        ...


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    shared = a.shared(b)
    return shared / (a.width * a.height + b.width * b.height - shared) if shared else 0.0


def merge(detections: list[Detection]) -> list[Detection]:
    """Non-maximum suppression: of finds that overlap by more, the highest score stays.

    Returns them by falling score.
    """
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda d: d.score, reverse=True):
        if all(overlap(candidate.box, other.box) <= _MOST_OVERLAP for other in kept):
            kept.append(candidate)
    return kept
