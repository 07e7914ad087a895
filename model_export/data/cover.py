"""Hands, objects and captions in front of a face."""

from collections.abc import Callable

import cv2
import numpy as np

from model_export.data.masks import blur, face_span
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points

CAPTIONED = 0.05
"""Share of the pictures with something written across them."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789    @#.!"


def cover(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """One to four rounded bars across a part of the face: fingers of its skin, or an object."""
    height, width = picture.shape[:2]
    span = face_span(landmarks)
    bars = int(rng.integers(1, 5))
    start = landmarks[rng.integers(len(landmarks))] + rng.normal(0, 0.1, 2) * span
    angle, thick = between(rng, 0, 2 * np.pi), between(rng, 0.06, 0.14) * span
    reach = between(rng, 0.3, 0.9) * span
    if chance(rng, 0.6):
        face = picture[middle_of_face(landmarks, picture)]
        colour = np.median(face, (0, 1)) * between(rng, 0.75, 1.15)
    else:
        colour = rng.uniform(10, 230, 3)
    covered = picture.astype(np.float32)
    for bar in range(bars):
        turn = angle + 0.12 * (bar - bars / 2) + rng.normal(0, 0.04)
        along = np.array([np.cos(turn), np.sin(turn)])
        side = np.array([-np.sin(angle), np.cos(angle)]) * bar * thick * 1.1
        ends = [start + side, start + side + along * reach * between(rng, 0.8, 1.2)]
        corners = [(round(float(x)), round(float(y))) for x, y in ends]
        shape = np.zeros((height, width), np.uint8)
        cv2.line(shape, corners[0], corners[1], 255, max(2, round(thick)), cv2.LINE_AA)
        solid = np.asarray(shape / np.float32(255), np.float32)
        # A finger is round: brightest along its middle, and it throws a shadow.
        round_light = blur(solid, 0.35 * thick)
        shadow = 1 - between(rng, 0.0, 0.5) * blur(solid, 0.3 * thick)[..., None]
        alpha = blur(solid, between(rng, 0.4, 1.5))[..., None]
        skin = colour * (0.6 + 0.5 * round_light[..., None]) + rng.normal(0, 2, picture.shape)
        covered = covered * shadow * (1 - alpha) + skin * alpha
    return np.asarray(np.clip(np.rint(covered), 0, 255), np.uint8)


def middle_of_face(landmarks: Points, picture: Picture) -> tuple[slice, slice]:
    """Rows and columns of a picture between brows and mouth."""
    limit = np.array(picture.shape[1::-1]) - 2
    left, top = np.clip(landmarks[27:48].min(0), 0, limit).astype(int)
    right, bottom = np.clip(landmarks[27:48].max(0), 0, limit).astype(int) + 2
    return slice(top, bottom), slice(left, right)


def draw_caption(rng: Rng) -> Callable[[Picture], Picture] | None:
    """Now and then a step that writes something across a picture, as apps and platforms do.

    The same step on both pictures of a pair writes the same.
    """
    if not chance(rng, CAPTIONED):
        return None
    text = "".join(rng.choice(list(LETTERS), int(rng.integers(4, 24))))
    x, y = between(rng, -0.1, 0.6), between(rng, 0.1, 0.98)
    tall, font = between(rng, 0.03, 0.12), int(rng.integers(0, 8))
    colour, boxed = rng.uniform(0, 255, 3), chance(rng, 0.3)
    opacity = between(rng, 0.4, 1.0)

    def write(picture: Picture) -> Picture:
        side = picture.shape[0]
        scale, thick = tall * side / 22, max(1, round(tall * side / 10))
        place = (round(x * side), round(y * side))
        over = picture.copy()
        if boxed:
            (wide, high), low = cv2.getTextSize(text, font, scale, thick)
            corner = (place[0] + wide, place[1] + low)
            cv2.rectangle(over, (place[0], place[1] - high), corner, (255 - colour).tolist(), -1)
        cv2.putText(over, text, place, font, scale, colour.tolist(), thick, cv2.LINE_AA)
        return np.asarray(cv2.addWeighted(over, opacity, picture, 1 - opacity, 0), np.uint8)

    return write
