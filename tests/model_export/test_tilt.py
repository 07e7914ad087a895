"""Tilted heads: pixels and landmarks turn together, tight pictures stay."""

from dataclasses import replace

import numpy as np
import pytest

from model_export.data.faces import RealFace
from model_export.data.tilt import TILTED, draw_tilt, has_room, tilt
from service.faces.crop import Box

POINTS = np.array([(60, 80), (140, 80), (100, 110), (75, 140), (125, 140)], np.float32)


def marked_face() -> RealFace:
    """White spots at the landmarks of a black picture."""
    pixels = np.zeros((240, 200, 3), np.uint8)
    for x, y in POINTS.astype(int):
        pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    return RealFace(pixels, POINTS, Box(50, 50, 100, 120))


@pytest.mark.parametrize("degrees", [-90, -20, 35, 180])
def test_landmarks_turn_with_the_pixels(degrees: float) -> None:
    face = marked_face()
    turned = tilt(face, degrees)
    assert turned.box == face.box
    assert turned.pixels.shape == face.pixels.shape
    for x, y in turned.landmarks.round().astype(int):
        assert turned.pixels[y, x].min() > 200
    eyes = turned.landmarks[1] - turned.landmarks[0]
    # Counter-clockwise as seen, and rows are counted downwards.
    angle = np.degrees(np.arctan2(-eyes[1], eyes[0]))
    assert (angle - degrees + 180) % 360 - 180 == pytest.approx(0, abs=0.1)


def test_most_heads_are_upright_and_few_upside_down() -> None:
    face, rng = marked_face(), np.random.default_rng(0)
    eyes = [np.subtract(*draw_tilt(face, rng).landmarks[1::-1]) for _ in range(600)]
    angles = np.abs([np.degrees(np.arctan2(-y, x)) for x, y in eyes])
    assert np.mean(angles > 0.5) == pytest.approx(TILTED, abs=0.06)
    assert 0.005 < np.mean(angles > 90) < 0.06


def test_a_tight_picture_stays() -> None:
    face = replace(marked_face(), box=Box(50, 50, 150, 120))
    assert not has_room(face)
    rng = np.random.default_rng(0)
    assert all(draw_tilt(face, rng) is face for _ in range(50))
