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
