"""What happens to both pictures of a pair alike."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.degrade import (
    Step,
    add_noise,
    degrade,
    draw_degradation,
    h264,
    jpeg,
    webp,
)
from model_export.data.faces import FaceIndex

GREY = np.full((120, 90, 3), 128, np.uint8)


def test_noise_has_the_deviation_asked_for_and_does_not_brighten() -> None:
    change = add_noise(GREY, 5.0, seed=3).astype(float) - GREY
    assert change.std() == pytest.approx(5.0, rel=0.05)
    assert abs(change.mean()) < 0.1


def test_noise_depends_on_its_seed_alone() -> None:
    first = add_noise(GREY, 5.0, seed=3)
    cv2.randu(np.empty((7, 7), np.float32), np.zeros(1), np.ones(1))
    assert np.array_equal(first, add_noise(GREY, 5.0, seed=3))
    assert not np.array_equal(first, add_noise(GREY, 5.0, seed=4))


def test_equal_pictures_stay_equal(faces: FaceIndex) -> None:
    picture = faces.read(0).pixels
    for seed in range(8):
        steps = draw_degradation(np.random.default_rng(seed), 1.0)
        assert np.array_equal(degrade(picture, steps), degrade(picture.copy(), steps))


@pytest.mark.parametrize(
    "coded",
    [
        lambda picture: jpeg(picture, 98),
        lambda picture: webp(picture, 95),
        lambda picture: h264(picture, 8, (3.0, -2.0), 4),
    ],
    ids=("jpeg", "webp", "h264"),
)
def test_what_is_coded_well_stays_as_and_where_it_was(
    coded: Step, astronaut: NDArray[np.uint8]
) -> None:
    crop = np.ascontiguousarray(astronaut[0:256, 96:352])
    change = np.abs(coded(crop).astype(int) - crop)[16:-16, 16:-16]
    assert change.mean() < 4
