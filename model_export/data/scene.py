"""Light, hats and dark glasses on a real face: what must not be taken for a manipulation."""

import cv2
import numpy as np

from model_export.data.cover import cover
from model_export.data.masks import BROWS, LEFT_EYE, RIGHT_EYE, Alpha, blur, face_span, polygon
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points

SHADED, LIT, HATTED, BEHIND_GLASSES, COVERED = 0.22, 0.2, 0.1, 0.06, 0.08
"""Shares of the faces with a cast shadow, a coloured light, a hat, with dark glasses, and with
fingers or an object in front of them."""


def draw_scene(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """The face under light, hats and behind glasses as studio portraits never are.

    picture: uint8 RGB (H, W, 3); landmarks: float32 (68, 2) in its pixels. It belongs on both
    pictures of a pair. Without it a network takes the edge of a shadow for an outline of pasting,
    and a face that is lit otherwise than what is around it for somebody else's.
    """
    if chance(rng, LIT):
        picture = colour_light(picture, landmarks, rng)
    if chance(rng, HATTED):
        picture = put_on_hat(picture, landmarks, rng)
    if chance(rng, SHADED):
        picture = cast_shadow(picture, landmarks, rng)
    if chance(rng, BEHIND_GLASSES):
        picture = put_on_glasses(picture, landmarks, rng)
    if chance(rng, COVERED):
        picture = cover(picture, landmarks, rng)
    return picture


def cast_shadow(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """One side of a wavy line through the face darker and a little bluer, or warmer, than before.

    The line is as sharp as a hat's brim in the sun makes it, or as soft as a window's light.
    """
    height, width = picture.shape[:2]
    span = face_span(landmarks)
    centre = landmarks.mean(0) + rng.normal(0, 0.25, 2) * span
    angle = between(rng, 0, 2 * np.pi)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (columns - centre[0]) * np.cos(angle) + (rows - centre[1]) * np.sin(angle)
    knots = rng.normal(0, between(rng, 0.0, 0.15) * span, (5, 5)).astype(np.float32)
    along += cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
    softness = float(np.exp(rng.uniform(np.log(0.008), np.log(0.4)))) * span
    shadow: Alpha = np.asarray(np.clip(along / softness + 0.5, 0, 1), np.float32)
    gain = between(rng, 0.3, 0.85) * (1 + rng.normal(0, 0.04, 3))
    lit = picture * (1 - shadow[..., None] * (1 - gain))
    return np.asarray(np.clip(np.round(lit), 0, 255), np.uint8)


def colour_light(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """One or two soft spots of brighter, darker or coloured light on the face."""
    height, width = picture.shape[:2]
    span = face_span(landmarks)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    gain = np.ones((height, width, 3), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        x, y = landmarks.mean(0) + rng.normal(0, 0.3, 2) * span
        reach = np.exp(rng.uniform(np.log(0.12), np.log(0.8), 2)) * span
        away = ((columns - x) / reach[0]) ** 2 + ((rows - y) / reach[1]) ** 2
        # The power decides between a lamp's glow and the rim of a patch of sun.
        spot = np.exp(-(away ** between(rng, 0.7, 2.5)))
        colour = between(rng, -0.35, 0.5) + rng.normal(0, 0.12, 3)
        gain *= 1 + spot[..., None] * colour.astype(np.float32)
    return np.asarray(np.clip(np.rint(picture * gain), 0, 255), np.uint8)


def put_on_hat(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """A plain or striped cap down to the forehead or the brows, and the shadow of its brim."""
    height, width = picture.shape[:2]
    span = face_span(landmarks)
    up = landmarks[BROWS].mean(0) - landmarks[8]
    up = up / float(np.hypot(*up))
    right = np.array([-up[1], up[0]], np.float32)
    brim = landmarks[BROWS].mean(0) + up * between(rng, 0.06, 0.3) * span
    half, tall = between(rng, 0.55, 0.8) * span, between(rng, 0.4, 0.9) * span
    top = brim + up * tall
    narrow = between(rng, 0.6, 1.0)
    corners = [brim - right * half, brim + right * half]
    corners += [top - right * half * narrow, top + right * half * narrow]
    shape = blur(polygon(np.asarray(corners, np.float32), height, width), between(rng, 0.4, 2.0))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (columns - brim[0]) * right[0] + (rows - brim[1]) * right[1]
    above = (columns - brim[0]) * up[0] + (rows - brim[1]) * up[1]
    shade = 1 - between(rng, 0.0, 0.5) * (along / half) ** 2
    if chance(rng, 0.5):
        axis = along if chance(rng, 0.5) else above
        period = between(rng, 0.04, 0.3) * span
        shade = shade * (1 + between(rng, 0.05, 0.5) * np.sin(2 * np.pi * axis / period))
    grain = rng.normal(1, between(rng, 0.0, 0.08), (height, width)).astype(np.float32)
    cloth = rng.uniform(10, 230, 3) * (shade * grain)[..., None]
    reach, softness = between(rng, 0.0, 0.35) * span, between(rng, 0.01, 0.15) * span
    below = np.clip((above + reach) / softness + 0.5, 0, 1) * (np.abs(along) < half) * (above < 0)
    darker = 1 - between(rng, 0.1, 0.6) * blur(np.asarray(below, np.float32), 0.02 * span)
    mixed = picture * darker[..., None] * (1 - shape[..., None]) + cloth * shape[..., None]
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def put_on_glasses(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """Two dark, nearly opaque lenses and a bridge."""
    height, width = picture.shape[:2]
    left, right = landmarks[LEFT_EYE].mean(0), landmarks[RIGHT_EYE].mean(0)
    apart = float(np.hypot(*(right - left)))
    tilt = float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))
    half = (apart * between(rng, 0.36, 0.46), apart * between(rng, 0.25, 0.4))
    shape = np.zeros((height, width), np.uint8)
    for eye in (left, right):
        x, y = (float(v) for v in eye)
        cv2.ellipse(shape, ((x, y), (2 * half[0], 2 * half[1]), tilt), 255, -1, cv2.LINE_AA)
    ends = [(round(float(x)), round(float(y))) for x, y in (left, right)]
    cv2.line(shape, ends[0], ends[1], 255, max(1, round(0.05 * apart)), cv2.LINE_AA)
    opacity = between(rng, 0.75, 1.0) * blur(np.asarray(shape / np.float32(255), np.float32), 0.6)
    tint = between(rng, 10, 70) * rng.uniform(0.8, 1.2, 3)
    sheen = np.linspace(between(rng, 0.6, 1.8), 1.0, height, dtype=np.float32)[:, None, None]
    mixed = picture * (1 - opacity[..., None]) + tint * sheen * opacity[..., None]
    return np.asarray(np.clip(np.round(mixed), 0, 255), np.uint8)
