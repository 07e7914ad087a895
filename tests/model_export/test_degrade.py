"""What happens to both pictures of a pair alike."""

import cv2
import numpy as np
import pytest

from model_export.data.degrade import add_noise, degrade, draw_degradation
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
