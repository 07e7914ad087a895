"""Heads that are not upright."""

from dataclasses import replace

import cv2
import numpy as np

from model_export.data.faces import RealFace
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import move_points, warp

TILTED = 0.45
"""Share of the faces with room around them that are tilted. Studio portraits and aligned pictures
are all upright; who knows no others takes a real face for a fake from 30 degrees on."""
SPREAD = 22.0
"""Standard deviation of their tilt, degrees."""
ANYHOW = 0.12
"""Share of them that stand at any angle, as in clips whose rotation got lost."""


def draw_tilt(face: RealFace, rng: Rng) -> RealFace:
    """The face as it is, or tilted about the middle of its box.

    A picture cut tight stays as it is: its turned corners would show what lies beyond its edge.
    """
    if not has_room(face) or not chance(rng, TILTED):
        return face
    angle = between(rng, -180, 180) if chance(rng, ANYHOW) else float(rng.normal(0, SPREAD))
    return tilt(face, angle)


def has_room(face: RealFace) -> bool:
    """Whether the picture shows what is around the face's box on every side."""
    height, width = face.pixels.shape[:2]
    box = face.box
    right, bottom = width - box.x - box.width, height - box.y - box.height
    return bool(min(box.x, box.y, right, bottom) > 0)


def tilt(face: RealFace, degrees: float) -> RealFace:
    """Turn the whole picture about the middle of the face's box, counter-clockwise.

    The box keeps its place and size; beyond the edge the picture is mirrored.
    """
    centre = (face.box.x + face.box.width / 2, face.box.y + face.box.height / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, degrees, 1.0), np.float64)
    height, width = face.pixels.shape[:2]
    pixels = warp(face.pixels, matrix, height, width, cv2.INTER_CUBIC)
    return replace(face, pixels=pixels, landmarks=move_points(face.landmarks, matrix))
