"""What can be told of a face from where it was found."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box
from service.faces.detection import Detection
from service.faces.finder import FaceFinder
from service.faces.libfacedetection import LibFaceDetector
from service.faces.plan import DetectorPlan

UPRIGHT = np.array([(30.0, 40.0), (70.0, 40.0), (50.0, 60.0), (35.0, 80.0), (65.0, 80.0)])


def turned(degrees: float) -> Detection:
    """A face whose landmarks are turned clockwise."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (UPRIGHT - 60) @ turn.T + 60
    return Detection(Box(10, 10, 100, 100), tuple((x, y) for x, y in points.tolist()), 0.9)


def test_a_head_held_upright_is_left_alone() -> None:
    assert turned(0).roll == turned(5).roll == turned(-5).roll == 0.0


@pytest.mark.parametrize("degrees", [20.0, -30.0, 100.0, -120.0])
def test_landmarks_tell_less_of_a_tilt_than_there_is(degrees: float) -> None:
    assert turned(degrees).roll == pytest.approx(1.3 * degrees)


def test_a_face_may_lean_that_is_not_turned() -> None:
    assert not turned(5).leans
    assert turned(-7).leans
    assert turned(-7).roll == 0.0


def test_without_landmarks_or_with_all_in_one_place_nothing_is_told() -> None:
    box = Box(0, 0, 10, 10)
    assert Detection(box, (), 0.9).roll == 0.0
    assert not Detection(box, (), 0.9).leans
    assert Detection(box, ((5.0, 5.0),) * 5, 0.9).roll == 0.0


@pytest.mark.parametrize("turns", range(5))
def test_a_face_turns_with_its_picture(turns: int) -> None:
    picture = np.zeros((90, 120, 3), np.uint8)
    picture[40:80, 30:70] = 255
    face = Detection(Box(30, 40, 40, 40), ((50.0, 60.0), *turned(0).landmarks[1:]), 0.9)
    found = face.turned(turns, 120, 90)
    box, there = found.box, np.rot90(picture, -turns)
    seen = there[round(box.y) : round(box.y + box.height), round(box.x) : round(box.x + box.width)]
    assert seen.size == 3 * 40 * 40
    assert seen.min() == 255
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    assert found.landmarks[0] == pytest.approx(middle)
    assert found.turns == turns % 4


@pytest.mark.parametrize(("turns", "roll"), [(0, 0.0), (1, 90.0), (2, 180.0), (3, -90.0)])
def test_a_quarter_turn_is_known_and_only_the_rest_is_estimated(turns: int, roll: float) -> None:
    assert turned(0).turned(turns, 120, 90).roll == roll
    assert not turned(0).turned(turns, 120, 90).leans
    tilted = turned(20).turned(turns, 120, 90)
    assert (tilted.roll - roll - 26) % 360 == pytest.approx(0, abs=1e-9)
    assert -180 < tilted.roll <= 180
    assert tilted.leans


@pytest.mark.parametrize("degrees", [-30, 20, 30])
def test_most_of_the_tilt_of_a_turned_photograph_is_found(
    astronaut: NDArray[np.uint8], degrees: int
) -> None:
    finder = FaceFinder(LibFaceDetector(), DetectorPlan())
    (straight,) = finder.find(astronaut, 1).faces
    assert straight.roll == 0.0
    matrix = cv2.getRotationMatrix2D((225, 120), -degrees, 1.0)
    picture = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=4), np.uint8)
    (face,) = finder.find(picture, 1).faces
    assert face.roll == pytest.approx(degrees, abs=12)
