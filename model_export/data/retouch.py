"""What generators and editors do to the texture of a face."""

import cv2
import numpy as np

from model_export.data.generator import regenerate
from model_export.data.masks import blur, face_span, features, polygon, with_forehead
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points

NEURAL = 0.55
"""Share of the generated faces that a real generator makes."""
RESTORED = 0.15
"""Share of the generated faces that a restorer went over."""
INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def resample(picture: Picture, scale: float, rng: Rng) -> Picture:
    """Down to `scale` and back up, with a random interpolation: a generator's low resolution."""
    height, width = picture.shape[:2]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    back = INTERPOLATIONS[rng.integers(1, len(INTERPOLATIONS))]
    return np.asarray(cv2.resize(small, (width, height), interpolation=back), np.uint8)


def sharpen(picture: Picture, amount: float, radius: float = 1.2) -> Picture:
    """Unsharp mask; radius in pixels."""
    soft = cv2.GaussianBlur(picture, (0, 0), radius)
    return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)


def checkerboard(picture: Picture, rng: Rng) -> Picture:
    """The faint lattice transposed convolutions leave (Odena et al., Distill 2016)."""
    height, width = picture.shape[:2]
    period = int(rng.integers(2, 9))
    tile = rng.normal(0, between(rng, 1.0, 4.0), (period, period, 3))
    lattice = np.tile(tile, (height // period + 1, width // period + 1, 1))[:height, :width]
    return np.clip(picture + lattice, 0, 255).astype(np.uint8)


def generator_look(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """A face as a generator gives it: one of ours, or the blur of a low resolution.

    landmarks: float32 (68, 2), where the face is in the picture.
    """
    if chance(rng, NEURAL):
        result = regenerate(picture, landmarks, rng)
    else:
        span = face_span(landmarks)
        resolution = between(rng, 80, 256)
        result = resample(picture, resolution / span, rng) if resolution < span else picture
        if chance(rng, 0.4):
            result = np.asarray(cv2.GaussianBlur(result, (0, 0), between(rng, 0.4, 1.2)), np.uint8)
        if chance(rng, 0.2):
            result = np.asarray(cv2.bilateralFilter(result, 5, between(rng, 10, 40), 3), np.uint8)
        if chance(rng, 0.25):
            result = checkerboard(result, rng)
    draw = rng.random()
    if draw < RESTORED:
        result = restore(result, rng)
    elif draw < RESTORED + 0.25:
        result = sharpen(result, between(rng, 0.3, 1.2))
    return result


def restore(picture: Picture, rng: Rng) -> Picture:
    """Skin without grain, crisp edges: what face restorers make of a generator's face."""
    clean = np.asarray(cv2.bilateralFilter(picture, 7, between(rng, 10, 35), 3), np.uint8)
    return sharpen(clean, between(rng, 0.8, 2.5), between(rng, 0.8, 1.6))


def beautify(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """What a beauty filter does to a real face: smooth, lighter skin, crisper eyes and lips.

    It belongs on both pictures of a pair: people who use one are no fakes.
    """
    height, width = picture.shape[:2]
    span = face_span(landmarks)
    skin = blur(polygon(with_forehead(landmarks, 0.3), height, width), 0.05 * span)
    details = features(landmarks, height, width)
    smooth = cv2.bilateralFilter(picture, 7, between(rng, 15, 50), 4)
    lighter = np.clip(smooth * between(rng, 1.0, 1.08), 0, 255)
    weight = (between(rng, 0.4, 0.9) * skin * (1 - details))[..., None]
    crisp = sharpen(picture, between(rng, 0.0, 0.6))
    mixed = picture + weight * (lighter - picture)
    mixed += details[..., None] * (crisp.astype(np.float32) - mixed)
    return np.asarray(np.clip(np.round(mixed), 0, 255), np.uint8)
