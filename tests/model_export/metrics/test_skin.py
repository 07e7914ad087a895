"""The typology angle orders skin as eyes do."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.metrics.skin import (
    DARK,
    LIGHT,
    MEDIUM,
    UNMEASURED,
    skin_tone,
    typology_angle,
)


def face(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    picture = np.full((256, 256, 3), 40, np.uint8)
    picture[80:200, 70:186] = colour
    return picture


@pytest.mark.parametrize(
    ("colour", "tone"),
    [
        ((236, 206, 186), LIGHT),
        ((196, 150, 120), MEDIUM),
        ((110, 74, 54), DARK),
        ((60, 40, 30), DARK),
        ((128, 128, 128), UNMEASURED),
    ],
)
def test_a_tone_follows_from_the_colour_of_the_cheeks(
    colour: tuple[int, int, int], tone: str
) -> None:
    assert skin_tone(face(colour)) == tone


def of_lab(lightness: float, yellow: float) -> tuple[int, int, int]:
    lab = np.array([[[lightness, 5.0, yellow]]], np.float32)
    red, green, blue = (round(255 * float(v)) for v in cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)[0, 0])
    return red, green, blue


@pytest.mark.parametrize(
    ("degrees", "tone"), [(43, LIGHT), (39, MEDIUM), (12, MEDIUM), (8, DARK), (-50, DARK)]
)
def test_tones_are_told_apart_at_41_and_at_10_degrees(degrees: float, tone: str) -> None:
    colour = of_lab(50 + 20 * np.tan(np.radians(degrees)), 20)
    assert skin_tone(face(colour)) == tone


def test_a_tone_is_that_of_cheeks_and_nose_whatever_is_around_them() -> None:
    picture = np.full((256, 256, 3), (236, 206, 186), np.uint8)
    picture[114:160, 90:166] = (110, 74, 54)
    assert skin_tone(picture) == DARK


def test_the_angle_is_that_of_the_definition() -> None:
    # L* 72.5, b* 20.7 of sRGB (215, 170, 140), by the CIE's formulas.
    angle = typology_angle(face((215, 170, 140)))
    assert angle == pytest.approx(np.degrees(np.arctan2(72.9 - 50, 21.0)), abs=2.0)
