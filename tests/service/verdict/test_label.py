"""Labels are written beside faces: they hide neither their own nor another's."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box
from service.verdict.label import beside, in_corner
from service.verdict.overlay import Mark, draw_overlay

Pixels = NDArray[np.uint8]

GROUND = (23, 127, 79)
"""What the strips of authentic faces are filled with."""
PANORAMA = (4000, 400), [Box(1800.0, 30.5, 74.0, 96.0)]
NEAR_THE_TOP = (4000, 3000), [Box(700.2, 40.0, 110.0, 150.0)]
TWO_ROWS = (
    (2048, 1536),
    [
        Box(700.0 + 82.0 * place + 20.0 * row, 600.0 + 82.0 * row, 64.0, 80.0)
        for row in (0, 1)
        for place in range(4)
    ],
)
CLOSE = (640, 360), [Box(200.0, 60.0, 180.0, 230.0)]
BENEATH = (640, 360), [Box(200.0, 262.4, 70.0, 92.0)]
SCENES = [PANORAMA, NEAR_THE_TOP, TWO_ROWS, CLOSE, BENEATH]


def drawn(frame: tuple[int, int], faces: Sequence[Box], note: str = "") -> Pixels:
    marks = [
        Mark("authentic", f"{track}: 16%", box, None, np.eye(2, 3))
        for track, box in enumerate(faces)
    ]
    return draw_overlay(np.zeros((frame[1], frame[0], 3), np.uint8), marks, 128, note)


def hidden(picture: Pixels, face: Box) -> float:
    """The share of a face that is painted over, without the rim where its frame is drawn."""
    rim = 12
    inside = picture[
        round(face.y) + rim : round(face.y + face.height) - rim,
        round(face.x) + rim : round(face.x + face.width) - rim,
    ]
    return float(inside.any(axis=2).mean())


@pytest.mark.parametrize(("frame", "faces"), SCENES)
@pytest.mark.parametrize("note", ["", "4.0 s"])
def test_labels_leave_the_faces_to_be_seen(
    frame: tuple[int, int], faces: Sequence[Box], note: str
) -> None:
    picture = drawn(frame, faces, note)
    assert [hidden(picture, face) for face in faces] == [0.0] * len(faces)


@pytest.mark.parametrize(("frame", "faces"), SCENES)
def test_every_face_has_its_words(frame: tuple[int, int], faces: Sequence[Box]) -> None:
    for face in faces:
        label = beside(face, "0: 16%", GROUND, frame, faces)
        assert label.size >= 0.45
        assert label.strip.width <= 1.55 * face.width or label.size == 0.45
        assert label.strip.x >= 0.0
        assert label.strip.y >= 0.0
        assert label.strip.x + label.strip.width <= frame[0]
        assert label.strip.y + label.strip.height <= frame[1]
        picture = np.zeros((frame[1], frame[0], 3), np.uint8)
        label.draw(picture)
        assert (picture == GROUND).all(axis=2).any()
        assert picture.min(axis=2).max() > 150
        painted = np.argwhere(picture.any(axis=2))
        (top, left), (bottom, right) = painted.min(axis=0), painted.max(axis=0)
        assert (left, top) == (label.strip.x, label.strip.y)
        assert (right + 1 - left, bottom + 1 - top) == (label.strip.width, label.strip.height)


def test_a_label_is_above_unless_that_hides_more() -> None:
    face = Box(300.0, 100.4, 120.0, 150.2)
    above = beside(face, "0: 16%", GROUND, (640, 480), [face]).strip
    assert above.y + above.height == 100
    other = Box(300.0, 20.0, 120.0, 70.0)
    assert beside(face, "0: 16%", GROUND, (640, 480), [face, other]).strip.y == 251
    none = Box(300.0, 0.0, 120.0, 480.0)
    on_it = beside(none, "0: 16%", GROUND, (640, 480), [none]).strip
    assert on_it.y == 0


def test_words_grow_with_the_picture_as_far_as_the_face_lets_them() -> None:
    sizes = [
        beside(Box(9.0, 99.0, width, width), "0: 16%", GROUND, (2800, 1400), []).size
        for width in (20.0, 100.0, 200.0, 900.0)
    ]
    assert sizes[0] == 0.45
    assert sizes == sorted(sizes)
    assert sizes[-1] == in_corner("1.0 s", GROUND, (2800, 1400)).size == 2.0


def test_where_a_label_is_on_a_face_its_frame_is_whole() -> None:
    face = Box(100.0, 0.0, 200.0, 400.0)
    picture = drawn((640, 400), [face], "4.0 s")
    assert 0.0 < hidden(picture, face) < 0.2
    inner = picture[10:390, 100]
    assert (inner == GROUND).all()


def test_a_label_fits_into_frames_smaller_than_itself() -> None:
    picture = drawn((30, 12), [Box(2.0, 1.0, 20.0, 10.0)], "4.0 s")
    assert picture.shape == (12, 30, 3)


@pytest.mark.parametrize("frame", [(400, 300), (2800, 1400)])
def test_words_fill_the_middle_half_of_their_strip(frame: tuple[int, int]) -> None:
    label = in_corner("0: 16%", GROUND, frame)
    picture = np.zeros((frame[1], frame[0], 3), np.uint8)
    label.draw(picture)
    strip = picture[int(label.strip.y) :, : int(label.strip.width)]
    height, width = strip.shape[:2]
    rows, columns = np.nonzero(strip.min(axis=2) > 150)
    slack = 2 + height // 16
    assert (rows.min(), height - 1 - rows.max()) == pytest.approx([height / 4] * 2, abs=slack)
    assert (columns.min(), width - 1 - columns.max()) == pytest.approx([height / 4] * 2, abs=slack)
