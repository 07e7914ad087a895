"""Who looks utterly unlike is somebody else; who moves or stands in other light is not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box
from service.faces.looks import alike, look_at

Pixels = NDArray[np.uint8]
FACE = Box(170, 60, 110, 130)
OTHER = Box(380, 130, 90, 90)  # of a rocket and a flag, not of a face: as unlike as can be


def test_a_face_is_like_itself_moved_darkened_and_coded(astronaut: Pixels) -> None:
    look = look_at(astronaut, FACE)
    assert look.shape == (16, 16, 3)
    assert look.dtype == np.float32
    moved = Box(FACE.x + 15, FACE.y - 10, FACE.width * 1.1, FACE.height)
    assert alike(look, look_at(astronaut, moved))
    assert alike(look, look_at((astronaut // 2).astype(np.uint8), FACE))
    coded = cv2.imdecode(cv2.imencode(".jpg", astronaut, [cv2.IMWRITE_JPEG_QUALITY, 5])[1], 1)
    assert alike(look, look_at(np.asarray(coded, np.uint8), FACE))


def test_what_is_shown_after_a_cut_is_not_alike(astronaut: Pixels) -> None:
    assert not alike(look_at(astronaut, FACE), look_at(astronaut, OTHER))
    assert not alike(look_at(astronaut, FACE), look_at((255 - astronaut).astype(np.uint8), FACE))


@pytest.mark.parametrize("gain", [0.2, 0.05])
def test_in_little_light_people_look_as_unlike_as_in_much(astronaut: Pixels, gain: float) -> None:
    dim = np.clip(astronaut * gain, 0, 255).astype(np.uint8)
    noise = np.random.default_rng(7).normal(0, 3, dim.shape)
    noisy = np.clip(dim + noise, 0, 255).astype(np.uint8)
    assert not alike(look_at(dim, FACE), look_at(dim, OTHER))
    assert alike(look_at(dim, FACE), look_at(noisy, FACE))


@pytest.mark.parametrize("box", [Box(-50, -50, 60, 60), Box(500, 500, 100, 100), Box(0, 0, 1, 1)])
def test_boxes_over_the_edge_and_flat_pictures_have_looks(astronaut: Pixels, box: Box) -> None:
    assert look_at(astronaut, box).shape == (16, 16, 3)
    flat = look_at(np.full((64, 64, 3), 80, np.uint8), Box(10, 10, 20, 20))
    assert alike(flat, flat)
