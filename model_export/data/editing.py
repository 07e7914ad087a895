"""What people do to a finished picture, real or not: retouched skin, a portrait mode's blur.

The same edit goes over both pictures of a pair, so that none of it tells them apart.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.degrade import Step
from model_export.data.masks import Alpha, blur, face_span, features, polygon, with_forehead
from model_export.data.retouch import sharpen
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points

PORTRAIT_MODE = 0.25
"""Share of the edits that are a portrait mode's; the others retouch skin."""
KEPT_FEATURES = 0.75
"""Share of the retouchings that leave eyes and lips as they are."""


def draw_edit(landmarks: Points, rng: Rng) -> Step:
    """One edit of a picture whose face has these landmarks, float32 (68, 2)."""
    if chance(rng, PORTRAIT_MODE):
        return _portrait_mode(landmarks, rng)
    return _retouch(landmarks, rng)


def _retouch(landmarks: Points, rng: Rng) -> Step:
    """Smoother, often lighter skin, often with crisper eyes and lips."""
    span = face_span(landmarks)
    smooth = (_surface_blur, _gaussian_blur, _median_blur)[rng.choice(3, p=(0.45, 0.4, 0.15))]
    smoothed = smooth(span, rng)
    opacity, light = between(rng, 0.35, 1.0), between(rng, 0.98, 1.1)
    crispness = between(rng, 0.0, 0.8) if chance(rng, 0.5) else 0.0
    forehead, feather = between(rng, 0.1, 0.5), between(rng, 0.01, 0.06) * span
    kept = chance(rng, KEPT_FEATURES)

    def retouch(picture: Picture) -> Picture:
        skin = blur(polygon(with_forehead(landmarks, forehead), *picture.shape[:2]), feather)
        details = features(landmarks, *picture.shape[:2])
        if kept:
            skin = skin * (1 - details)
        weight = (opacity * skin)[..., None]
        mixed = picture + weight * (np.clip(smoothed(picture) * light, 0, 255) - picture)
        if crispness:
            mixed += details[..., None] * (sharpen(picture, crispness) - mixed)
        return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)

    return retouch


def _surface_blur(span: float, rng: Rng) -> Step:
    """Edges stay, pores go; apps do it once or twice, as wide as the face asks for."""
    # Wider than 15 pixels OpenCV takes longer for it than for all else that makes a pair.
    diameter = int(np.clip(round(between(rng, 0.02, 0.06) * span), 5, 15))
    colour, passes = between(rng, 20, 60), int(rng.integers(1, 3))

    def smooth(picture: Picture) -> Picture:
        for _ in range(passes):
            picture = np.asarray(cv2.bilateralFilter(picture, diameter, colour, diameter), np.uint8)
        return picture

    return smooth


def _gaussian_blur(span: float, rng: Rng) -> Step:
    sigma = max(0.8, between(rng, 0.006, 0.03) * span)
    return lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), sigma), np.uint8)


def _median_blur(span: float, rng: Rng) -> Step:
    # OpenCV takes odd widths only.
    width = 2 * max(1, round(between(rng, 0.015, 0.05) * span / 2)) + 1
    return lambda p: np.asarray(cv2.medianBlur(p, width), np.uint8)


def _portrait_mode(landmarks: Points, rng: Rng) -> Step:
    """An unsharp background whose edge lies anywhere about the head, as a guessed matte's does.

    Half of them take the head's colours with them: a soft ring lies around it.
    """
    span = face_span(landmarks)
    centre = landmarks.mean(0) - (0, between(rng, 0.1, 0.3) * span)
    axes = np.array([between(rng, 0.55, 0.8), between(rng, 0.75, 1.0)]) * span
    sigma = max(2.0, between(rng, 0.02, 0.08) * span)
    feather, bleeds = max(0.8, between(rng, 0.005, 0.06) * span), chance(rng, 0.5)
    chest = chance(rng, 0.7)

    def portray(picture: Picture) -> Picture:
        person = _ellipse(centre, axes, picture)
        if chest:
            neck = centre + np.array([(-0.3, 0), (0.3, 9)]) * span
            shoulders = np.array([centre[0], landmarks[8, 1]]) + (
                np.array([(-1.3, 0.1), (1.3, 9)]) * span
            )
            for corners in (neck, shoulders):
                low, high = np.rint(corners).astype(int).tolist()
                cv2.rectangle(person, low, high, 255, -1)
        alpha = blur(np.asarray(person / np.float32(255), np.float32), feather)[..., None]
        behind = _spread(picture, np.ones_like(alpha) if bleeds else 1 - alpha, sigma)
        mixed = alpha * picture + (1 - alpha) * behind
        return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)

    return portray


def _ellipse(
    centre: NDArray[np.float64], axes: NDArray[np.float64], picture: Picture
) -> NDArray[np.uint8]:
    shape = np.zeros(picture.shape[:2], np.uint8)
    middle, half = (np.rint(each * 8).astype(int).tolist() for each in (centre, axes))
    cv2.ellipse(shape, middle, half, 0, 0, 360, 255, -1, cv2.LINE_AA, 3)
    return shape


def _spread(picture: Picture, seen: Alpha, sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur of what is seen of a picture, weights float32 (H, W, 1), and of that only."""
    weight = np.maximum(seen, 1e-3)
    blurred = cv2.GaussianBlur(picture * weight, (0, 0), sigma)
    return np.asarray(blurred / cv2.GaussianBlur(weight, (0, 0), sigma)[..., None], np.float32)
