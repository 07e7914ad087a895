"""Pictures that are unsharp as a whole."""

import cv2
import numpy as np
import pytest

from model_export.data.faces import FaceIndex
from model_export.data.softness import draw_softness


def _sharpness(picture: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).std())


def test_about_the_share_that_the_strength_says_is_soft() -> None:
    rng = np.random.default_rng(0)
    drawn = [len(draw_softness(rng, 0.5)) for _ in range(2000)]
    assert set(drawn) == {0, 1}
    assert np.mean(drawn) == pytest.approx(0.15, abs=0.03)
    assert not any(draw_softness(rng, 0.0) for _ in range(200))


def test_a_soft_picture_is_less_sharp_has_its_size_and_is_the_same_for_both_of_a_pair(
    faces: FaceIndex,
) -> None:
    picture = faces.read(0).pixels
    rng, seen = np.random.default_rng(1), 0
    while seen < 24:
        for soften in draw_softness(rng):
            soft = soften(picture)
            assert soft.shape == picture.shape
            assert soft.dtype == np.uint8
            assert _sharpness(soft) < 0.9 * _sharpness(picture)
            assert np.array_equal(soft, soften(picture.copy()))
            seen += 1
