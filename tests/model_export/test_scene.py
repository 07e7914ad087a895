"""Shadows and dark glasses."""

import numpy as np

from model_export.data.faces import FaceIndex
from model_export.data.masks import LEFT_EYE, RIGHT_EYE
from model_export.data.scene import (
    cast_shadow,
    colour_light,
    draw_scene,
    put_on_glasses,
    put_on_hat,
)


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


def test_light_keeps_the_detail_of_the_face(faces: FaceIndex) -> None:
    face = faces.read(0)
    for seed in range(6):
        lit = colour_light(face.pixels, face.landmarks, np.random.default_rng(seed))
        assert np.abs(lit.astype(int) - face.pixels).mean() > 0.5
        lines = [np.diff(each[..., 1].astype(float), axis=1).ravel() for each in (lit, face.pixels)]
        assert np.corrcoef(lines[0], lines[1])[0, 1] > 0.8


def test_a_hat_hides_the_forehead_and_leaves_the_mouth(faces: FaceIndex) -> None:
    face = faces.read(0)
    mouth = round(float(face.landmarks[48:68, 1].min()))
    brows = round(float(face.landmarks[17:27, 1].min()))
    for seed in range(6):
        worn = put_on_hat(face.pixels, face.landmarks, np.random.default_rng(seed))
        change = np.abs(worn.astype(int) - face.pixels).mean(-1)
        assert change[: max(1, brows - 20)].max() > 30
        assert change[mouth:].max() == 0


def test_many_faces_are_left_as_they_are(faces: FaceIndex) -> None:
    face = faces.read(0)
    drawn = [
        draw_scene(face.pixels, face.landmarks, np.random.default_rng(seed)) for seed in range(50)
    ]
    untouched = sum(np.array_equal(picture, face.pixels) for picture in drawn)
    assert 15 < untouched < 40
