"""Each warning comes from something measured on a real face."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box, CropRule, cut_square
from service.faces.quality import measure

Pixels = NDArray[np.uint8]
BOX = Box(178, 63, 89, 112)
FRONTAL = ((201.0, 104.0), (246.0, 102.0), (221.0, 125.0), (204.0, 144.0), (242.0, 145.0))
SIZE = (512, 512)


@pytest.fixture(scope="module")
def crop(astronaut: Pixels) -> Pixels:
    return cut_square(astronaut, BOX, CropRule())[0]


def test_a_good_face_has_no_warnings(crop: Pixels) -> None:
    quality = measure(crop, BOX, FRONTAL, SIZE)
    assert quality.warnings == ()
    assert quality.width_px == 89
    assert quality.brightness == pytest.approx(140, abs=10)
    assert quality.sharpness > 5


def test_blur_is_measured(crop: Pixels) -> None:
    soft = np.asarray(cv2.GaussianBlur(crop, (0, 0), 4), np.uint8)
    assert measure(soft, BOX, FRONTAL, SIZE).warnings == ("blurred",)


def test_light_is_measured(crop: Pixels) -> None:
    dark = (crop // 5).astype(np.uint8)
    bright = (235 + crop // 13).astype(np.uint8)
    assert "dark" in measure(dark, BOX, FRONTAL, SIZE).warnings
    assert "overexposed" in measure(bright, BOX, FRONTAL, SIZE).warnings


def test_small_faces_are_named(crop: Pixels) -> None:
    assert measure(crop, Box(10, 10, 40, 50), FRONTAL, SIZE).warnings == ("small_face",)


def test_a_nose_beside_the_eyes_is_a_profile(crop: Pixels) -> None:
    turned = (*FRONTAL[:2], (250.0, 125.0), *FRONTAL[3:])
    assert measure(crop, BOX, turned, SIZE).warnings == ("profile",)
    assert measure(crop, BOX, (), SIZE).warnings == ()


def test_a_face_over_the_edge_is_cut_off(crop: Pixels) -> None:
    assert measure(crop, Box(-20, 63, 89, 112), FRONTAL, SIZE).warnings == ("cut_off",)
    assert measure(crop, Box(-2, 63, 89, 112), FRONTAL, SIZE).warnings == ()
