"""Faces on their side or upside down, whatever the file says, become the crops of upright ones."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box
from service.faces.detection import overlap
from tests.media_files import clip, encode, face_at, moving
from tests.service.faces.test_extract import PLAN, taken

Pixels = NDArray[np.uint8]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_on_its_side_or_upside_down_is_cut_as_the_upright_one(
    astronaut: Pixels, turns: int
) -> None:
    """As nothing in the file says how it is to be held."""
    (upright,) = taken(encode(astronaut)).crops
    turned = np.ascontiguousarray(np.rot90(astronaut, -turns))
    (crop,) = taken(encode(turned)).crops
    assert crop.roll % 360 == pytest.approx(90 * turns, abs=0.1)
    box = upright.box
    for _ in range(turns):
        box = Box(512 - box.y - box.height, box.x, box.height, box.width)
    assert overlap(crop.box, box) > 0.8
    # An interpolation more, and a box that is off by a few pixels.
    near, far = (
        np.abs(cv2.blur(a, (9, 9)).astype(int) - cv2.blur(upright.pixels, (9, 9))).mean()
        for a in (crop.pixels, np.ascontiguousarray(np.rot90(crop.pixels, 2)))
    )
    assert near < 20 < far / 3
    assert crop.quality.warnings == upright.quality.warnings


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_small_face_in_a_large_picture_is_found_any_way_up(astronaut: Pixels, turns: int) -> None:
    small = np.asarray(cv2.resize(astronaut[:360, 40:400], (260, 260)), np.uint8)
    picture = face_at(np.full((1080, 1920, 3), 100, np.uint8), small, 900, 400)
    (crop,) = taken(encode(np.ascontiguousarray(np.rot90(picture, -turns)))).crops
    assert crop.roll % 360 == pytest.approx(90 * turns, abs=0.1)


@pytest.mark.parametrize("side", [256, 512])
def test_a_clip_of_somebody_upside_down_shows_one_person_throughout(
    astronaut: Pixels, side: int
) -> None:
    small = np.asarray(cv2.resize(astronaut[::-1, ::-1], (side, side)), np.uint8)
    crops = taken(clip(moving(small, 32, step=1))).crops
    assert {crop.track for crop in crops} == {0}
    assert len(crops) >= PLAN.frames - 1
