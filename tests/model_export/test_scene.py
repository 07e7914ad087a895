"""Shadows and dark glasses."""

import numpy as np

from model_export.data.faces import FaceIndex
from model_export.data.masks import LEFT_EYE, RIGHT_EYE
from model_export.data.scene import cast_shadow, draw_scene, put_on_glasses


def test_a_shadow_only_darkens_and_leaves_a_lit_side(faces: FaceIndex) -> None:
    face = faces.read(0)
    shares = []
    for seed in range(10):
        shaded = cast_shadow(face.pixels, face.landmarks, np.random.default_rng(seed))
        change = shaded.astype(int) - face.pixels
        assert change.max() <= 0
        shares.append((change.min(-1) < -2).mean())
    assert 0.1 < np.median(shares) < 0.9


def test_glasses_hide_the_eyes_and_nothing_below_the_nose(faces: FaceIndex) -> None:
    face = faces.read(0)
    worn = put_on_glasses(face.pixels, face.landmarks, np.random.default_rng(2))
    for eye in (LEFT_EYE, RIGHT_EYE):
        x, y = (round(float(v)) for v in face.landmarks[eye].mean(0))
        assert face.pixels[y - 2 : y + 3, x - 3 : x + 4].std() > 1.5 * worn[
            y - 2 : y + 3, x - 3 : x + 4
        ].std()  # fmt: skip
    below = round(float(face.landmarks[33, 1]))
    assert np.array_equal(worn[below:], face.pixels[below:])


def test_most_faces_are_left_as_they_are(faces: FaceIndex) -> None:
    face = faces.read(0)
    drawn = [
        draw_scene(face.pixels, face.landmarks, np.random.default_rng(seed)) for seed in range(50)
    ]
    untouched = sum(np.array_equal(picture, face.pixels) for picture in drawn)
    assert 25 < untouched < 50
