"""Another expression for the same face, as moved landmarks."""

import numpy as np

from model_export.data import masks
from model_export.data.rng import Rng, between
from model_export.data.warp import Points


def moved_expression(landmarks: Points, rng: Rng) -> Points:
    """Landmarks of the same face with another mouth, other brows and eyes."""
    span = masks.face_span(landmarks)
    moved = moved_mouth(landmarks, rng)
    moved[masks.BROWS, 1] += between(rng, -0.04, 0.04) * span
    for eye in (masks.LEFT_EYE, masks.RIGHT_EYE):
        middle = landmarks[eye].mean(0)
        moved[eye] = middle + (landmarks[eye] - middle) * (1, between(rng, 0.6, 1.3))
    return moved


def moved_mouth(landmarks: Points, rng: Rng) -> Points:
    """Landmarks of the same face with its mouth and chin moved."""
    span = masks.face_span(landmarks)
    moved = landmarks.copy()
    mouth = landmarks[masks.MOUTH]
    centre = mouth.mean(0)
    stretch = rng.uniform((0.82, 0.7), (1.25, 1.7))
    moved[masks.MOUTH] = centre + (mouth - centre) * stretch
    drop = between(rng, -0.02, 0.07) * span
    moved[np.r_[55:60, 65:68], 1] += drop
    moved[6:11, 1] += 0.7 * drop
    corners = np.array([48, 54, 60, 64])
    moved[corners, 1] += between(rng, -0.035, 0.035) * span
    return moved
