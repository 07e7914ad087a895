"""The typology angle orders skin as eyes do."""

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


def test_the_angle_is_that_of_the_definition() -> None:
    # L* 72.5, b* 20.7 of sRGB (215, 170, 140), by the CIE's formulas.
    angle = typology_angle(face((215, 170, 140)))
    assert angle == pytest.approx(np.degrees(np.arctan2(72.9 - 50, 21.0)), abs=2.0)
