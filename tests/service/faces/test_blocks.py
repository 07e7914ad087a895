"""Blocks are found in what was compressed hard, wherever they begin."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.blocks import blockiness
from service.faces.crop import Box

Pixels = NDArray[np.uint8]
FACE = Box(178, 63, 89, 112)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def test_blockiness_grows_with_compression(astronaut: Pixels) -> None:
    values = [blockiness(jpeg(astronaut, quality), FACE) for quality in (95, 60, 30, 15, 8)]
    assert values == sorted(values)
    assert values[0] < 1.4
    assert values[-1] > 2.0


@pytest.mark.parametrize("turn", range(4))
def test_blocks_are_found_in_cut_and_turned_pictures(astronaut: Pixels, turn: int) -> None:
    cut = np.ascontiguousarray(np.rot90(jpeg(astronaut, 10)[3:389, 5:391], turn))
    assert blockiness(cut, Box(0, 0, 386, 386)) > 1.8


def test_resizing_hides_blocks(astronaut: Pixels) -> None:
    small = cv2.resize(jpeg(astronaut, 25), (410, 410), interpolation=cv2.INTER_AREA)
    assert blockiness(np.asarray(small, np.uint8), Box(142, 50, 71, 90)) < 1.5


@pytest.mark.parametrize(
    "box", [Box(500, 500, 80, 80), Box(-300, -300, 200, 200), Box(10, 10, 12, 200)]
)
def test_too_little_to_tell_is_one(astronaut: Pixels, box: Box) -> None:
    assert blockiness(jpeg(astronaut, 5), box) == 1.0


def test_a_flat_picture_has_no_blocks() -> None:
    assert blockiness(np.full((100, 100, 3), 90, np.uint8), Box(0, 0, 100, 100)) == 1.0
