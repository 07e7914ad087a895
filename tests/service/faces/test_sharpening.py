"""Enlarged faces get back the detail that enlarging blurred."""

import numpy as np
import pytest

from service.faces.crop import Box, CropRule, cut_square, sharpen_crop
from service.faces.sharpening import amount_at, sharpened


def test_even_colour_stays_and_detail_is_added_once_more() -> None:
    even = np.full((8, 8, 3), 77, np.uint8)
    assert (sharpened(even, 1.2) == 77).all()
    dot = np.full((9, 9, 3), 100, np.uint8)
    dot[4, 4] = 116
    sharp = sharpened(dot, 1.0)
    # The blurred dot keeps a quarter of its height, an eighth beside it.
    assert sharp[4, 4, 0] == 116 + 12
    assert sharp[4, 5, 0] == 100 - 2
    assert sharp[4, 7, 0] == 100


def test_without_an_amount_the_picture_itself_is_returned() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert sharpened(picture, 0.0) is picture


@pytest.mark.parametrize(
    ("enlargement", "amount"),
    [
        (0.2, 0.0),
        (0.9, 0.0),
        (1.0, 1.0),
        (1.15, 2.5),
        (1.3, 2.5),
        (1.55, 2.0),
        (1.8, 1.5),
        (9.0, 1.5),
    ],
)
def test_the_amount_grows_with_the_enlargement_to_a_limit_that_falls_again(
    enlargement: float, amount: float
) -> None:
    assert amount_at(10.0, enlargement) == pytest.approx(amount)


@pytest.mark.parametrize("roll", [0.0, 25.0])
@pytest.mark.parametrize(("face", "sharpens"), [(120.0, True), (300.0, False)])
def test_small_faces_are_sharpened_and_large_ones_are_not(
    face: float, sharpens: bool, roll: float
) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (600, 600, 3), np.uint8)
    rule = CropRule(sharpening=4.0)
    cut, crop_to_frame = cut_square(picture, Box(150, 150, face, face), rule, roll)
    seen = sharpen_crop(cut, crop_to_frame, rule)
    assert (seen.astype(int).std() > 1.05 * cut.astype(int).std()) == sharpens
    assert np.array_equal(sharpen_crop(cut, crop_to_frame, CropRule()), cut)
