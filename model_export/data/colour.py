"""Colour: matching one face to another, and shifting a picture."""

import cv2
import numpy as np

from model_export.data.masks import Alpha
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture


def match_colour(source: Picture, target: Picture, region: Alpha, strength: float) -> Picture:
    """Carry the target's mean and deviation in Lab onto the source, measured inside a region.

    Reinhard et al., "Color Transfer between Images", 2001; strength 0 leaves the source.
    """
    inside = (region > 0.5).astype(np.uint8)
    if cv2.countNonZero(inside) < 16:
        return source
    lab = cv2.cvtColor(source, cv2.COLOR_RGB2LAB)
    mean_a, deviation_a = cv2.meanStdDev(lab, mask=inside)
    mean_b, deviation_b = cv2.meanStdDev(cv2.cvtColor(target, cv2.COLOR_RGB2LAB), mask=inside)
    ratio = np.clip(deviation_b / (deviation_a + 1e-3), 0.6, 1.6)
    # Every channel by itself: three curves of 256 entries do it.
    ramp = np.arange(256, dtype=np.float64)
    curves = ramp + strength * ((ramp - mean_a) * ratio + mean_b - ramp)
    table = np.clip(curves, 0, 255).astype(np.uint8).T[:, None]
    matched = cv2.LUT(lab, np.ascontiguousarray(table))
    return np.asarray(cv2.cvtColor(matched, cv2.COLOR_LAB2RGB), np.uint8)


def tone_curve(contrast: float, brightness: float, gamma: float) -> Picture:
    """A 256-entry look-up table: gamma, then contrast about the middle, then brightness."""
    ramp = np.linspace(0, 1, 256) ** gamma
    return np.clip(((ramp - 0.5) * contrast + 0.5 + brightness) * 255, 0, 255).astype(np.uint8)


def shift_colour(picture: Picture, rng: Rng, strength: float) -> Picture:
    """A small random change of channels, saturation, brightness and contrast."""
    result = picture
    if chance(rng, 0.6):
        offsets = rng.uniform(-20, 20, 3) * strength
        result = np.clip(result.astype(np.int16) + offsets.astype(np.int16), 0, 255).astype(
            np.uint8
        )
    if chance(rng, 0.6):
        hsv = cv2.cvtColor(result, cv2.COLOR_RGB2HSV).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + round(between(rng, -8, 8) * strength)) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * (1 + between(rng, -0.3, 0.3) * strength), 0, 255)
        result = np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
    if chance(rng, 0.6):
        curve = tone_curve(
            1 + between(rng, -0.15, 0.15) * strength,
            between(rng, -0.08, 0.08) * strength,
            1 + between(rng, -0.15, 0.15) * strength,
        )
        result = np.asarray(cv2.LUT(result, curve), np.uint8)
    return result
