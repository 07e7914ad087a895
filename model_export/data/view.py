"""Where the network's crop looks in the working picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import RealFace
from model_export.data.rng import Rng, between, chance
from service.faces.crop import CropRule

CONTEXT = 1.5
"""Side of the working picture over the side of the crop: room for jitter and for codecs."""
ZOOM = (0.78, 1.12)
"""Side of what is seen over the side of the rule's crop."""
SHIFT = 0.06
"""How far the face's middle is from the crop's at most, over the crop's side."""
LEAST_SEEN = 1 / 3
"""Share of the face's box below which a view inside a picture moves to the face: beside a face that
fills a wide picture from top to bottom there is room for views without it. Of the pictures that
the shipped weights learned from no view shows as little: those are drawn as ever."""
TURN = 5.0
"""Standard deviation of the crop's turn, degrees."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a source picture covers of the working picture, whose sides run from 0 to 1.

    width, height: of the face's box, whose middle is the working picture's.
    """

    left: float
    top: float
    right: float
    bottom: float
    width: float
    height: float

    @property
    def cuts_the_crop(self) -> bool:
        """Whether the picture ends inside the rule's crop."""
        low, high = 0.5 - 0.5 / CONTEXT, 0.5 + 0.5 / CONTEXT
        return self.left > low or self.top > low or self.right < high or self.bottom < high


def window_of(face: RealFace, rule: CropRule) -> Window:
    """Where the face's picture lies in a working picture centred on the face."""
    height, width = face.pixels.shape[:2]
    side = CONTEXT * rule.scale * face.box.height
    x, y = face.box.x + face.box.width / 2, face.box.y + face.box.height / 2
    return Window(
        left=0.5 - x / side,
        top=0.5 - y / side,
        right=0.5 + (width - x) / side,
        bottom=0.5 + (height - y) / side,
        width=face.box.width / side,
        height=face.box.height / side,
    )


def draw_view(rng: Rng) -> NDArray[np.float64]:
    """A crop about the face, jittered: float64 (2, 3), unit square to unit square.

    The matrix maps the working picture's unit square to the crop's.
    """
    linear = draw_linear(CONTEXT / between(rng, *ZOOM), np.deg2rad(rng.normal(0, TURN)), rng)
    centre = np.full(2, 0.5)
    shift = centre + rng.uniform(-SHIFT, SHIFT, 2) - linear @ centre
    return np.asarray(np.c_[linear, shift], np.float64)


def draw_view_inside(window: Window, rng: Rng) -> NDArray[np.float64]:
    """A crop that shows nothing from beyond the source picture's edge; else as `draw_view`."""
    angle = np.deg2rad(float(np.clip(rng.normal(0, TURN), -2 * TURN, 2 * TURN)))
    room = np.array([window.right - window.left, window.bottom - window.top])
    # A turned square needs more room than one that stands.
    reach = abs(np.cos(angle)) + abs(np.sin(angle))
    side = float(room.min()) * between(rng, 0.9, 0.99) / reach
    slack = (room - side * reach) / 2
    middle = np.array([window.left + window.right, window.top + window.bottom]) / 2
    middle = middle + rng.uniform(-1, 1, 2) * slack
    if _share_seen(window, middle, side) < LEAST_SEEN:
        near = np.clip(middle, 0.5 - SHIFT * side, 0.5 + SHIFT * side)
        half = side * reach / 2
        low, high = (window.left, window.top), (window.right, window.bottom)
        middle = np.clip(near, np.array(low) + half, np.array(high) - half)
    linear = draw_linear(1 / side, angle, rng)
    return np.asarray(np.c_[linear, 0.5 - linear @ middle], np.float64)


def draw_linear(zoom: float, angle: float, rng: Rng) -> NDArray[np.float64]:
    """Zoom and turn, angle in radians, every other time mirrored: float64 (2, 2)."""
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if chance(rng, 0.5):
        linear[:, 0] *= -1
    return linear


def _share_seen(window: Window, middle: NDArray[np.float64], side: float) -> float:
    """How much of the face's box a view shows, 0 to 1, but for its turn."""
    half = np.array([window.width, window.height]) / 2
    low, high = np.maximum(middle - side / 2, 0.5 - half), np.minimum(middle + side / 2, 0.5 + half)
    return float(np.prod((high - low).clip(0) / (2 * half)))
