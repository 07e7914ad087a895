"""Pictures that are unsharp as a whole: out of focus, shaken, smoothed, or enlarged again."""

import cv2
import numpy as np

from model_export.data.degrade import Step, motion_blur, resize
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture

SOFT = 0.3
"""Share of the pictures at full strength. What a generator makes is soft: a network that sees few
soft real faces takes softness itself for the sign, and calls most real faces behind a median
filter fakes."""


def draw_softness(rng: Rng, strength: float = 1.0) -> list[Step]:
    """Nothing for most pictures, else one blur; strength 0 to 1 scales how often.

    The blur's width is a share of the picture's side, so it shows alike in crops of all sizes.
    """
    if not chance(rng, SOFT * strength):
        return []
    return [(_defocus, _shake, _smooth, _enlarge)[rng.integers(4)](rng)]


def _defocus(rng: Rng) -> Step:
    share = between(rng, 0.002, 0.006)
    return lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), max(0.5, share * p.shape[0])), np.uint8)


def _shake(rng: Rng) -> Step:
    share, angle = between(rng, 0.01, 0.035), between(rng, 0, 180)
    return lambda p: motion_blur(p, max(3, round(share * p.shape[0])), angle)


def _smooth(rng: Rng) -> Step:
    share = between(rng, 0.006, 0.014)

    def smooth(picture: Picture) -> Picture:
        # OpenCV takes odd widths only.
        width = 2 * round(share * picture.shape[0] / 2) + 1
        return np.asarray(cv2.medianBlur(picture, max(3, width)), np.uint8)

    return smooth


def _enlarge(rng: Rng) -> Step:
    share, kind = between(rng, 0.3, 0.7), (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]

    def enlarge(picture: Picture) -> Picture:
        small = resize(picture, share, cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, picture.shape[1::-1], interpolation=kind), np.uint8)

    return enlarge
