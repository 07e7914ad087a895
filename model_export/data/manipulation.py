"""What every family of manipulations is made with."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from model_export.data import masks
from model_export.data.masks import Alpha
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points, bend, move_points, similarity, warp


@dataclass(frozen=True, slots=True)
class Canvas:
    """A face at working size: uint8 RGB (H, W, 3) and 68 landmarks in its pixels."""

    pixels: Picture
    landmarks: Points


@dataclass(frozen=True, slots=True)
class Manipulation:
    """A fake and its truth: uint8 RGB (H, W, 3), and where it differs, float32 (H, W)."""

    pixels: Picture
    region: Alpha


Family = Callable[[Canvas, Canvas, Rng], Manipulation]
"""(target, donor, rng) -> manipulation of the target; a family may ignore the donor."""


def blend(over: Picture, under: Picture, alpha: Alpha) -> Picture:
    """alpha x over + (1 - alpha) x under, rounded."""
    weight = alpha[..., None]
    mixed = under.astype(np.float32) * (1 - weight) + over.astype(np.float32) * weight
    return np.round(mixed).astype(np.uint8)


def paste(source: Picture, target: Canvas, region: Alpha, rng: Rng, poisson: float) -> Picture:
    """Blend a prepared source into the target, by Poisson editing with the given probability."""
    if chance(rng, poisson):
        solid = (region > 0.5).astype(np.uint8) * 255
        solid[:2] = solid[-2:] = 0
        solid[:, :2] = solid[:, -2:] = 0
        x, y, width, height = cv2.boundingRect(solid)
        if width > 8 and height > 8:
            centre = (x + width // 2, y + height // 2)
            cloned = cv2.seamlessClone(source, target.pixels, solid, centre, cv2.NORMAL_CLONE)
            return blend(np.asarray(cloned, np.uint8), target.pixels, masks.blur(region, 1.0))
    return blend(source, target.pixels, region)


MISPLACED = 0.2
"""Share of the swaps whose landmarks are badly off: the face comes out distorted."""


def fit_donor(target: Canvas, donor: Canvas, strictness: float, rng: Rng) -> Picture:
    """The donor's face laid over the target's: by similarity, then point by point.

    strictness: how far every landmark moves towards the target's; 1 is all the way.
    """
    height, width = target.pixels.shape[:2]
    matrix = similarity(donor.landmarks[17:], target.landmarks[17:])
    placed = warp(donor.pixels, matrix, height, width)
    points = move_points(donor.landmarks, matrix)
    aim = points + strictness * (target.landmarks - points)
    if chance(rng, MISPLACED):
        away = between(rng, 0.01, 0.035) * masks.face_span(target.landmarks)
        aim[17:] += rng.normal(0, away, aim[17:].shape).astype(np.float32)
    return bend(placed, points, aim)
