"""Every size is reached, and shows what it should where it should."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.pyramid import Pyramid

Pixels = NDArray[np.uint8]


@pytest.mark.parametrize("scale", [1.5, 1.0, 0.9, 0.5, 0.4, 0.25, 0.13, 0.02])
def test_a_scale_gives_its_size(astronaut: Pixels, scale: float) -> None:
    side = round(512 * min(scale, 1.0))
    assert Pyramid(astronaut).at(scale).shape == (side, side, 3)


@pytest.mark.parametrize("scale", [0.9, 0.5, 0.37, 0.2, 0.1])
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_it_looks_as_if_shrunk_in_one_step(astronaut: Pixels, scale: float, cut: int) -> None:
    picture = astronaut[cut:, cut:]
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    direct = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    assert np.abs(Pyramid(picture).at(scale).astype(int) - direct).mean() < 5


def test_the_odd_row_of_a_large_picture_moves_nothing(astronaut: Pixels) -> None:
    large = cv2.resize(astronaut, (2047, 1535), interpolation=cv2.INTER_CUBIC)
    direct = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA)
    small = Pyramid(np.asarray(large, np.uint8)).at(320 / 2047)
    assert np.abs(small.astype(int) - direct).mean() < 5


def test_sizes_may_be_asked_for_in_any_order(astronaut: Pixels) -> None:
    pyramid = Pyramid(astronaut)
    small = pyramid.at(0.1)
    assert np.array_equal(pyramid.at(0.6), Pyramid(astronaut).at(0.6))
    assert np.array_equal(pyramid.at(0.1), small)


@pytest.mark.parametrize("shape", [(1, 900, 3), (900, 1, 3), (2, 2, 3), (1, 1, 3), (3, 5000, 3)])
def test_slivers_keep_at_least_a_pixel(shape: tuple[int, int, int]) -> None:
    picture = np.full(shape, 7, np.uint8)
    small = Pyramid(picture).at(0.01)
    assert min(small.shape) >= 1
    assert (small == 7).all()
