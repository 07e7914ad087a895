"""The square around a face: the one rule shared by training and service."""

from itertools import product

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box, CropRule, cut_square


def test_a_square_of_the_networks_own_size_is_cut_without_resampling(
    astronaut: NDArray[np.uint8],
) -> None:
    crop, crop_to_frame = cut_square(astronaut, Box(150, 100, 80, 128), CropRule(2.0, 256))
    assert np.array_equal(crop, astronaut[36:292, 62:318])
    assert np.array_equal(crop_to_frame, [[1, 0, 62], [0, 1, 36]])


def test_the_side_follows_the_height_of_the_box(astronaut: NDArray[np.uint8]) -> None:
    for width in (50, 120):
        _, crop_to_frame = cut_square(astronaut, Box(200, 200, width, 100), CropRule(1.3, 256))
        assert crop_to_frame[0, 0] == crop_to_frame[1, 1] == pytest.approx(130 / 256)


@pytest.mark.parametrize("box", [Box(-90, -90, 100, 100), Box(500, 500, 100, 100)])
def test_a_box_that_barely_touches_still_gives_a_crop(
    astronaut: NDArray[np.uint8], box: Box
) -> None:
    crop, _ = cut_square(astronaut, box, CropRule(1.1, 256))
    assert crop.shape == (256, 256, 3)


def test_a_box_outside_is_an_error(astronaut: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="outside"):
        cut_square(astronaut, Box(900, 900, 50, 50), CropRule())


def test_over_the_edge_the_picture_is_mirrored(astronaut: NDArray[np.uint8]) -> None:
    crop, crop_to_frame = cut_square(astronaut, Box(-64, 100, 128, 128), CropRule(2.0, 256))
    assert crop_to_frame[0, 2] == -128
    # Column 128 of the crop is column 0 of the picture, the axis of the mirror.
    assert np.array_equal(crop[:, 1:128], crop[:, 129:256][:, ::-1])


@pytest.mark.parametrize("height", [130.0, 263.0, 300.5, 389.0])
def test_a_large_face_is_shrunk_as_by_averaging_and_stands_where_the_matrix_says(
    astronaut: NDArray[np.uint8], height: float
) -> None:
    rule, box = CropRule(1.3, 96), Box(10, 5, height, height)
    crop, crop_to_frame = cut_square(astronaut, box, rule)
    # Blurred before it is sampled, so that nothing is left to alias.
    averaged = cv2.warpAffine(
        cv2.GaussianBlur(astronaut, (0, 0), 0.3 * crop_to_frame[0, 0]),
        crop_to_frame,
        (96, 96),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    assert crop.shape == (96, 96, 3)
    side = round(96 * crop_to_frame[0, 0])
    assert side == pytest.approx(1.3 * height, abs=2.5)
    assert side % (4 if side >= 4 * 96 else 2 if side >= 2 * 96 else 1) == 0
    assert np.abs(crop.astype(int) - averaged).mean() < 4
    shifted = np.roll(averaged, 1, axis=1)
    assert np.abs(crop.astype(int) - averaged).mean() < np.abs(crop.astype(int) - shifted).mean()


def test_a_small_face_is_enlarged_without_blurring_it(astronaut: NDArray[np.uint8]) -> None:
    crop, _ = cut_square(astronaut, Box(180, 70, 90, 80), CropRule(1.3, 256))
    left, top = 225 - 52, 110 - 52
    square = astronaut[top : top + 104, left : left + 104]
    blurred = cv2.resize(square, (256, 256), interpolation=cv2.INTER_LINEAR)
    assert np.abs(crop.astype(int) - blurred).mean() < 4, "the same place"
    assert cv2.Laplacian(crop, cv2.CV_64F).std() > 1.1 * cv2.Laplacian(blurred, cv2.CV_64F).std()


@pytest.mark.parametrize("roll", [-40.0, 25.0, 90.0])
@pytest.mark.parametrize("size", [96, 256])
def test_a_turned_square_is_cut_as_the_matrix_says(
    astronaut: NDArray[np.uint8], roll: float, size: int
) -> None:
    # The turned square lies inside the picture: nothing of it is mirrored.
    rule, box = CropRule(1.3, size), Box(180, 170, 150, 170)
    crop, crop_to_frame = cut_square(astronaut, box, rule, roll)
    there = cv2.warpAffine(
        cv2.GaussianBlur(astronaut, (0, 0), max(0.4, 0.4 * crop_to_frame[0, 0])),
        crop_to_frame,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    off = np.abs(crop.astype(int) - there)
    assert off.mean() < 4
    near, far = slice(0, size // 8), slice(-size // 8, None)
    assert max(off[corner].mean() for corner in product((near, far), repeat=2)) < 12
    for axis in (0, 1):
        assert off.mean() < np.abs(crop.astype(int) - np.roll(there, 1, axis)).mean()
    assert np.hypot(*crop_to_frame[:, 0]) * size == pytest.approx(1.3 * 170, abs=1.5)
    assert crop_to_frame @ ((size - 1) / 2, (size - 1) / 2, 1) == pytest.approx((254.5, 254.5))


@pytest.mark.parametrize("side", [300, 384, 500])
def test_a_turned_crop_is_no_sharper_than_others(side: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1200, 1200, 3)).astype(np.uint8)
    box, rule = Box(600 - side / 2, 600 - side / 2, side, side), CropRule(1.0, 256)
    upright, _ = cut_square(noise, box, rule)
    turned, _ = cut_square(noise, box, rule, 10.5)
    assert turned.std() < 1.02 * upright.std()


@pytest.mark.parametrize("roll", [90.0, -65.0, 115.0])
def test_of_a_face_on_its_side_the_height_is_the_longer_side_of_its_box(
    astronaut: NDArray[np.uint8], roll: float
) -> None:
    for box in (Box(180, 170, 150, 110), Box(180, 170, 110, 150)):
        _, crop_to_frame = cut_square(astronaut, box, CropRule(), roll)
        assert np.hypot(*crop_to_frame[:, 0]) * 256 == pytest.approx(1.3 * 150, abs=1.5)


def test_turning_rights_a_tilted_head(astronaut: NDArray[np.uint8]) -> None:
    box, rule = Box(170, 60, 110, 130), CropRule()
    upright, _ = cut_square(astronaut, box, rule)
    centre = (box.x + box.width / 2 - 0.5, box.y + box.height / 2 - 0.5)
    # OpenCV turns counter-clockwise, a roll is clockwise.
    matrix = cv2.getRotationMatrix2D(centre, -30, 1.0)
    tilted = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512), flags=2), np.uint8)
    righted, _ = cut_square(tilted, box, rule, 30)
    wrong, _ = cut_square(tilted, box, rule, -30)
    inside = (slice(40, 216), slice(40, 216))
    assert np.abs(righted.astype(int) - upright)[inside].mean() < 8
    assert np.abs(wrong.astype(int) - upright)[inside].mean() > 20
