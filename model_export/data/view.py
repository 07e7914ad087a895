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
TURN = 5.0
"""Standard deviation of the crop's turn, degrees."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a source picture covers of the working picture, whose sides run from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

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
        0.5 - x / side, 0.5 - y / side, 0.5 + (width - x) / side, 0.5 + (height - y) / side
    )


def draw_view(rng: Rng) -> NDArray[np.float64]:
    """A crop about the face, jittered: float64 (2, 3), unit square to unit square.

    The matrix maps the working picture's unit square to the crop's.
    """
    linear = draw_linear(CONTEXT / between(rng, *ZOOM), np.deg2rad(rng.normal(0, TURN)), rng)
    centre = np.full(2, 0.5)
    shift = centre + rng.uniform(-0.06, 0.06, 2) - linear @ centre
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
    linear = draw_linear(1 / side, angle, rng)
    return np.asarray(np.c_[linear, 0.5 - linear @ middle], np.float64)


def draw_linear(zoom: float, angle: float, rng: Rng) -> NDArray[np.float64]:
    """Zoom and turn, angle in radians, every other time mirrored: float64 (2, 2)."""
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if chance(rng, 0.5):
        linear[:, 0] *= -1
    return linear
