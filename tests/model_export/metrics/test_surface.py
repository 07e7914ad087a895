"""What a crop shows without a detector."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.metrics.surface import surface_of

SIDE = 64


def grain(seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(60, 180, (SIDE, SIDE, 3)).astype(np.uint8)


def test_an_even_grey_has_brightness_and_nothing_else() -> None:
    found = surface_of(np.full((SIDE, SIDE, 3), 90, np.uint8))
    assert found.brightness == 90
    assert (found.sharpness, found.contrast, found.colour) == (0, 0, 0)


def test_a_blurred_crop_is_less_sharp() -> None:
    crop = grain()
    soft = np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.5), np.uint8)
    assert surface_of(soft).sharpness < surface_of(crop).sharpness / 3


def test_sharpness_is_that_of_the_middle() -> None:
    crop = grain()
    crop[16:48, 16:48] = 100
    assert surface_of(crop).sharpness < surface_of(grain()).sharpness / 3
    crop = np.full((SIDE, SIDE, 3), 100, np.uint8)
    crop[16:48, 16:48] = grain()[:32, :32]
    assert surface_of(crop).sharpness == pytest.approx(surface_of(grain()).sharpness, rel=0.15)


def test_sharpness_is_the_mean_size_of_the_laplacian() -> None:
    crop = np.full((SIDE, SIDE, 3), 100, np.uint8)
    crop[32, 32] = 110  # five pixels of a 32 x 32 middle: 40 once and 10 four times
    assert surface_of(crop).sharpness == pytest.approx((40 + 4 * 10) / 32**2)


def test_contrast_and_colour() -> None:
    crop = np.zeros((SIDE, SIDE, 3), np.uint8)
    crop[:, ::2] = (200, 200, 200)
    assert surface_of(crop).contrast == pytest.approx(100)
    assert surface_of(crop).colour == 0
    assert surface_of(np.full((SIDE, SIDE, 3), (30, 120, 80), np.uint8)).colour == 90
