"""Edits of finished pictures: the same over both of a pair, and where such edits are."""

import cv2
import numpy as np
import pytest

from model_export.data.editing import draw_edit
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.manipulation import Canvas
from service.faces.crop import CropRule

SEEDS = range(40)


@pytest.fixture(scope="module")
def portrait(faces: FaceIndex) -> Canvas:
    """A face with what is around it, grained so that every smoothing shows."""
    target, _, _ = Forge(faces, CropRule(), ("lip_sync",)).manipulate(
        2, 300, np.random.default_rng(4)
    )
    grain = np.random.default_rng(0).normal(0, 8, target.pixels.shape)
    return Canvas(np.clip(target.pixels + grain, 0, 255).astype(np.uint8), target.landmarks)


def _grain(picture: np.ndarray, centre: np.ndarray, side: int = 12) -> float:
    x, y = np.round(centre).astype(int)
    window = picture[y - side : y + side, x - side : x + side]
    return float(cv2.Laplacian(cv2.cvtColor(window, cv2.COLOR_RGB2GRAY), cv2.CV_64F).std())


def _edits(portrait: Canvas) -> list[np.ndarray]:
    """As left by edits of many seeds."""
    landmarks = portrait.landmarks
    return [draw_edit(landmarks, np.random.default_rng(s))(portrait.pixels) for s in SEEDS]


def test_an_edit_is_the_same_for_both_of_a_pair_and_keeps_size_and_kind(portrait: Canvas) -> None:
    for seed in SEEDS:
        edit = draw_edit(portrait.landmarks, np.random.default_rng(seed))
        before = portrait.pixels.copy()
        edited = edit(before)
        assert edited.shape == before.shape
        assert edited.dtype == np.uint8
        assert not np.array_equal(edited, before)
        assert np.array_equal(before, portrait.pixels)
        assert np.array_equal(edit(before), edited)


def test_most_edits_smooth_skin_and_leave_the_corner_the_others_blur_what_is_behind(
    portrait: Canvas,
) -> None:
    # Below an eye, beside the nose: skin whatever the edit takes for features.
    cheek, corner = portrait.landmarks[[1, 2, 31]].mean(0), np.array([14, 14])
    retouched = 0
    for edited in _edits(portrait):
        if np.array_equal(edited[:28, :28], portrait.pixels[:28, :28]):
            retouched += 1
            assert _grain(edited, cheek) < 0.95 * _grain(portrait.pixels, cheek)
        else:
            assert _grain(edited, corner) < 0.5 * _grain(portrait.pixels, corner)
            nose = portrait.landmarks[30]
            assert _grain(edited, nose) == pytest.approx(_grain(portrait.pixels, nose), rel=0.02)
    assert 0.6 * len(SEEDS) < retouched < 0.9 * len(SEEDS)


def test_retouching_mostly_leaves_eyes_as_crisp_as_they_were_or_crisper(portrait: Canvas) -> None:
    eye = portrait.landmarks[36:42].mean(0)
    before = _grain(portrait.pixels, eye, 5)
    retouched = [
        _grain(edited, eye, 5)
        for edited in _edits(portrait)
        if np.array_equal(edited[:28, :28], portrait.pixels[:28, :28])
    ]
    crisp = [after > 0.75 * before for after in retouched]
    assert 0.5 < np.mean(crisp) < 1


def test_an_edited_pair_is_what_it_would_have_been_but_for_the_edit(faces: FaceIndex) -> None:
    for seed in range(3):
        plain, none, edited = (
            forge.draw(np.random.default_rng(seed))
            for forge in (
                Forge(faces, CropRule()),
                Forge(faces, CropRule(), edited=0.0),
                Forge(faces, CropRule(), edited=1.0),
            )
        )
        assert np.array_equal(none.real, plain.real)
        assert np.array_equal(none.fake, plain.fake)
        assert not np.array_equal(edited.real, plain.real)
        assert not np.array_equal(edited.fake, plain.fake)
        assert np.array_equal(edited.mask, plain.mask)
        assert edited.family == plain.family


def test_as_many_pairs_are_edited_as_the_share_says(faces: FaceIndex) -> None:
    plain, some = Forge(faces, CropRule()), Forge(faces, CropRule(), edited=0.5)
    edited = []
    for seed in range(24):
        one, two = (forge.draw(np.random.default_rng(seed)) for forge in (plain, some))
        edited.append(not np.array_equal(one.real, two.real))
    assert 0.25 < np.mean(edited) < 0.75
