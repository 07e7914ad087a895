"""Each warning comes from something measured on a real face."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box, CropRule, cut_square
from service.faces.quality import TIGHT_SHARE, measure
from tests.service.faces.test_blocks import jpeg

Pixels = NDArray[np.uint8]
BOX = Box(178, 63, 89, 112)
FRONTAL = ((201.0, 104.0), (246.0, 102.0), (221.0, 125.0), (204.0, 144.0), (242.0, 145.0))


@pytest.fixture(scope="module")
def crop(astronaut: Pixels) -> Pixels:
    return cut_square(astronaut, BOX, CropRule())[0]


def test_a_good_face_has_no_warnings(crop: Pixels, astronaut: Pixels) -> None:
    quality = measure(crop, BOX, FRONTAL, astronaut)
    assert quality.warnings == ()
    assert quality.width_px == 89
    assert quality.brightness == pytest.approx(133, abs=10)
    assert quality.sharpness > 5
    assert quality.blockiness == pytest.approx(1.2, abs=0.2)


def test_blur_is_measured(crop: Pixels, astronaut: Pixels) -> None:
    soft = np.asarray(cv2.GaussianBlur(crop, (0, 0), 4), np.uint8)
    assert measure(soft, BOX, FRONTAL, astronaut).warnings == ("blurred",)


def test_light_is_measured(crop: Pixels, astronaut: Pixels) -> None:
    dark = (crop // 5).astype(np.uint8)
    bright = (235 + crop // 13).astype(np.uint8)
    assert "dark" in measure(dark, BOX, FRONTAL, astronaut).warnings
    assert "overexposed" in measure(bright, BOX, FRONTAL, astronaut).warnings


def test_heavy_compression_is_measured(crop: Pixels, astronaut: Pixels) -> None:
    assert measure(crop, BOX, FRONTAL, jpeg(astronaut, 10)).warnings == ("compressed",)
    assert measure(crop, BOX, FRONTAL, jpeg(astronaut, 80)).warnings == ()


def test_small_faces_are_named(crop: Pixels, astronaut: Pixels) -> None:
    assert measure(crop, Box(10, 10, 40, 50), FRONTAL, astronaut).warnings == ("small_face",)


def test_a_nose_beside_the_eyes_is_a_profile(crop: Pixels, astronaut: Pixels) -> None:
    turned = (*FRONTAL[:2], (250.0, 125.0), *FRONTAL[3:])
    assert measure(crop, BOX, turned, astronaut).warnings == ("profile",)
    assert measure(crop, BOX, (), astronaut).warnings == ()


def test_a_face_over_the_edge_is_cut_off(crop: Pixels, astronaut: Pixels) -> None:
    assert measure(crop, Box(-20, 63, 89, 112), FRONTAL, astronaut).warnings == ("cut_off",)
    assert measure(crop, Box(-2, 63, 89, 112), FRONTAL, astronaut).warnings == ()


def test_a_face_partly_behind_a_larger_one_is_covered(crop: Pixels, astronaut: Pixels) -> None:
    def found(*others: Box) -> tuple[str, ...]:
        return measure(crop, BOX, FRONTAL, astronaut, others=[BOX, *others]).warnings

    def beside(shared: float, scale: float) -> Box:
        left = BOX.x + (1 - shared) * BOX.width
        return Box(left, BOX.y, scale * BOX.width, scale * BOX.height)

    assert found() == ()
    assert found(beside(0.1, 1.2)) == ("covered",)
    assert found(beside(0.02, 1.2)) == ()
    assert found(beside(0.1, 0.8)) == ()


def test_a_profile_has_two_sides_and_a_face_is_cut_off_from_a_twentieth_on() -> None:
    frame = np.zeros((512, 512, 3), np.uint8)
    crop = np.zeros((256, 256, 3), np.uint8)
    left = (*FRONTAL[:2], (200.0, 125.0), *FRONTAL[3:])
    assert "profile" in measure(crop, BOX, left, frame).warnings
    for y, cut in ((-6.0, True), (-4.0, False)):
        assert ("cut_off" in measure(crop, Box(178, y, 89, 100), FRONTAL, frame).warnings) == cut


@pytest.mark.parametrize("angle", [0, 20, 45])
@pytest.mark.parametrize(("left", "tight"), [(-90, False), (-140, True), (300, False), (400, True)])
def test_a_face_is_tight_where_more_than_two_fifths_of_its_crop_are_made_up(
    crop: Pixels, astronaut: Pixels, angle: float, left: float, tight: bool
) -> None:
    """Counted pixel by pixel here."""
    turn = np.array(
        [[np.cos(np.radians(angle)), -np.sin(np.radians(angle))],
         [np.sin(np.radians(angle)), np.cos(np.radians(angle))]]
    )  # fmt: skip
    middle = np.full(2, 127.5)
    crop_to_frame = np.c_[turn, middle + np.array([left, 100]) - turn @ middle]
    inside = (
        np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1) @ turn.T + crop_to_frame[:, 2]
    )
    within = ((inside >= -0.5) & (inside < 511.5)).all(-1).mean()
    assert (1 - within > TIGHT_SHARE) == tight, "the case is what it says"
    quality = measure(crop, BOX, FRONTAL, astronaut, crop_to_frame=crop_to_frame)
    assert ("tight" in quality.warnings) == tight
    assert "tight" not in measure(crop, BOX, FRONTAL, astronaut).warnings
