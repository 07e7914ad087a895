"""Motion leaves fine detail in one direction only."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box, CropRule, cut_square
from service.faces.quality import measure
from service.faces.shake import is_shaken
from tests.service.faces.test_blocks import jpeg

Pixels = NDArray[np.uint8]
BOX = Box(178, 63, 89, 112)


def moved(pixels: Pixels, length: int, angle: float) -> Pixels:
    """As a camera sees it that moves by so many pixels in a direction, in degrees."""
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), angle, 1.0)
    kernel = cv2.warpAffine(line, turn, (length, length))
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


def warnings(pixels: Pixels) -> tuple[str, ...]:
    return measure(cut_square(pixels, BOX, CropRule())[0], BOX, (), pixels).warnings


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
def test_a_face_that_moved_is_shaken(astronaut: Pixels, angle: float) -> None:
    assert "shaken" in warnings(moved(astronaut, 7, angle))


def test_a_still_face_is_not(astronaut: Pixels) -> None:
    assert warnings(astronaut) == ()


@pytest.mark.parametrize("deviation", [0.5, 1.0, 2.0])
def test_a_soft_face_is_not(astronaut: Pixels, deviation: float) -> None:
    soft = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), deviation), np.uint8)
    assert "shaken" not in warnings(soft)


def test_a_compressed_face_is_not(astronaut: Pixels) -> None:
    assert "shaken" not in warnings(jpeg(astronaut, 20))


def test_what_is_sharp_has_not_moved() -> None:
    stripes = np.tile(np.repeat(np.array([90, 110], np.uint8), 2), (256, 64))
    assert is_shaken(stripes, 9.0, 1.0)
    assert not is_shaken(stripes, 10.0, 1.0)


def test_a_dim_picture_is_judged_as_a_bright_one_is() -> None:
    stripes = np.tile(np.repeat(np.array([45, 55], np.uint8), 2), (256, 64))
    assert is_shaken(stripes, 4.5, 1.0)
    assert not is_shaken(stripes, 5.0, 1.0)


def test_of_what_is_much_enlarged_it_cannot_be_told() -> None:
    stripes = np.tile(np.repeat(np.array([90, 110], np.uint8), 2), (256, 64))
    assert is_shaken(stripes, 5.0, 1.5)
    assert not is_shaken(stripes, 5.0, 1.51)


def test_what_is_of_one_colour_has_not_moved() -> None:
    assert not is_shaken(np.full((256, 256), 90, np.uint8), 0.0, 1.0)
