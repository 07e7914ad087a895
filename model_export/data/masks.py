"""Shapes of the manipulated region, drawn from 68 landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Points

Alpha = NDArray[np.float32]
"""Blend weights, float32 (H, W) in [0, 1]; 1 = taken from the manipulated picture."""

BROWS, MOUTH = slice(17, 27), slice(48, 68)
LEFT_EYE, RIGHT_EYE, INNER_MOUTH = slice(36, 42), slice(42, 48), slice(60, 68)
PARTS = (
    np.r_[48:60, 31:36],
    np.r_[2:15, 31:36, 48:60],
    np.r_[17:27, 36:48],
    np.r_[27:36, 48:60],
)
"""Regions smaller than a face that real tools repaint: mouth, lower face, eyes, nose and mouth."""

LOWER_PARTS = (
    np.r_[48:60, 31:36],
    np.r_[3:14, 31:36, 48:60],
    np.r_[5:12, 31:36, 48:60],
)
"""Regions around the mouth: lips and upper lip, the whole lower face, mouth and chin."""


def face_span(landmarks: Points) -> float:
    """Height of the landmarks in pixels: the face's own unit of length."""
    return float(np.ptp(landmarks[:, 1]))


def with_forehead(landmarks: Points, share: float) -> Points:
    """Landmarks plus brow points raised along the face's own axis by share x (brow to chin)."""
    up = landmarks[BROWS].mean(0) - landmarks[8]
    return np.vstack((landmarks, landmarks[BROWS] + share * up)).astype(np.float32)


def polygon(points: Points, height: int, width: int) -> Alpha:
    """Filled convex hull, antialiased edges."""
    canvas = np.zeros((height, width), np.uint8)
    hull = cv2.convexHull(np.round(points * 8).astype(np.int32))
    cv2.fillConvexPoly(canvas, hull, 255, cv2.LINE_AA, 3)
    return np.asarray(canvas / np.float32(255), np.float32)


def features(landmarks: Points, height: int, width: int) -> Alpha:
    """Eyes and lips, with soft edges: what is not skin."""
    shape = np.zeros((height, width), np.float32)
    for part in (LEFT_EYE, RIGHT_EYE, MOUTH):
        shape = np.maximum(shape, polygon(landmarks[part], height, width))
    return blur(shape, 0.02 * face_span(landmarks))


def rectangle(landmarks: Points, height: int, width: int, rng: Rng) -> Alpha:
    """A rectangle turned with the face, from the brows to the chin or a little beyond."""
    axis = landmarks[RIGHT_EYE].mean(0) - landmarks[LEFT_EYE].mean(0)
    angle = float(np.arctan2(axis[1], axis[0]))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = landmarks @ rotation
    inner = upright[17:]
    low, high = inner.min(0), inner.max(0)
    jaw_low, jaw_high = upright.min(0), upright.max(0)
    reach = rng.uniform(0.1, 0.9, 4)
    low = low + (jaw_low - low) * (reach[0], 0) - (0, reach[1] * 0.15 * (high - low)[1])
    high = high + (jaw_high - high) * (reach[2], reach[3])
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    return polygon(np.asarray(corners @ rotation.T, np.float32), height, width)


def rounded(landmarks: Points, height: int, width: int) -> Alpha:
    """A smooth face: the hull, its corners rounded by a wide blur and cut again."""
    sigma = 0.06 * face_span(landmarks)
    soft = blur(polygon(landmarks, height, width), sigma)
    return np.asarray(np.clip((soft - 0.5) * 8 + 0.5, 0, 1), np.float32)


def smooth_with_holes(landmarks: Points, height: int, width: int, rng: Rng) -> Alpha:
    """A rendered face model: smooth outline, eyes and inner mouth left as they were."""
    face = rounded(with_forehead(landmarks, between(rng, 0.0, 0.15)), height, width)
    growth = between(rng, 1.0, 1.35)
    for part in (LEFT_EYE, RIGHT_EYE, INNER_MOUTH):
        points = landmarks[part]
        centre = points.mean(0)
        face = face * (1 - polygon(centre + (points - centre) * growth, height, width))
    return np.asarray(face, np.float32)


def blur(alpha: Alpha, sigma: float) -> Alpha:
    """Gaussian feather; sigma in pixels."""
    if sigma < 0.3:
        return alpha
    # Rounding may leave a sum of weights just above one.
    return np.asarray(np.minimum(cv2.GaussianBlur(alpha, (0, 0), sigma), 1), np.float32)


def deform(alpha: Alpha, span: float, rng: Rng) -> Alpha:
    """Elastic deformation, as in self-blended images: outlines of real tools are never hulls."""
    height, width = alpha.shape
    coarse = rng.normal(0, between(rng, 0.01, 0.035) * span, (6, 6, 2)).astype(np.float32)
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(
        cv2.remap(alpha, columns + shift[..., 0], rows + shift[..., 1], cv2.INTER_LINEAR),
        np.float32,
    )


def any_face_shape(landmarks: Points, height: int, width: int, rng: Rng) -> Alpha:
    """One of many outlines of a face or a part of one, deformed; for self-blending."""
    span = face_span(landmarks)
    draw = rng.random()
    if draw < 0.35:
        shape = polygon(with_forehead(landmarks, between(rng, 0.0, 0.35)), height, width)
    elif draw < 0.5:
        shape = polygon(landmarks[17:], height, width)
    elif draw < 0.65:
        shape = rounded(landmarks, height, width)
    elif draw < 0.8:
        shape = rectangle(landmarks, height, width, rng)
    else:
        shape = polygon(landmarks[PARTS[rng.integers(len(PARTS))]], height, width)
    if chance(rng, 0.8):
        shape = deform(shape, span, rng)
    if chance(rng, 0.3):
        size = max(1, round(between(rng, 0.01, 0.05) * span))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
        shape = np.asarray(cv2.erode(shape, kernel), np.float32)
    return shape
