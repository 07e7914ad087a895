"""Fingers, objects and captions."""

import numpy as np

from model_export.data.cover import cover, draw_caption
from model_export.data.faces import FaceIndex


def test_fingers_hide_a_part_of_the_face_and_leave_the_rest(faces: FaceIndex) -> None:
    face = faces.read(0)
    shares = []
    for seed in range(12):
        covered = cover(face.pixels, face.landmarks, np.random.default_rng(seed))
        assert covered.shape == face.pixels.shape
        shares.append((np.abs(covered.astype(int) - face.pixels).max(-1) > 8).mean())
    assert 0.003 < np.median(shares) < 0.5
    assert max(shares) < 0.9


def test_a_caption_is_rare_and_the_same_on_both_of_a_pair() -> None:
    drawn = [draw_caption(np.random.default_rng(seed)) for seed in range(600)]
    captions = [step for step in drawn if step is not None]
    assert 10 < len(captions) < 60
    dark, light = np.zeros((240, 240, 3), np.uint8), np.full((240, 240, 3), 128, np.uint8)
    changed = 0
    for write in captions:
        on_dark, on_light = write(dark), write(light)
        assert np.array_equal(write(dark), on_dark)
        where = (on_dark != 0).any(-1) & (on_light != 128).any(-1)
        changed += where.any()
        assert where.mean() < 0.6
    assert changed > 0.7 * len(captions)
