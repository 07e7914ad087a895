"""Faces are found whatever the picture's size, and closer looks are paid for only in doubt."""

import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.faces.crop import Box
from service.faces.detection import Detection, merge, overlap
from service.faces.finder import FaceFinder, face_finder
from service.faces.libfacedetection import LibFaceDetector
from service.faces.plan import DetectorPlan
from service.faces.yunet import YuNetDetector
from tests.media_files import face_at

Pixels = NDArray[np.uint8]
# The astronaut's face as annotated by hand, and a patch of the picture around it.
FACE = Box(178, 63, 89, 112)
PATCH_LEFT, PATCH_TOP = 120, 10


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return face_finder(DetectorPlan())


def scene(astronaut: Pixels, size: tuple[int, int], widths: list[int]) -> tuple[Pixels, list[Box]]:
    """A grey picture of (width, height) with the face pasted side by side at these widths."""
    picture = np.full((size[1], size[0], 3), 110, np.uint8)
    patch = astronaut[PATCH_TOP:250, PATCH_LEFT:330]
    boxes, left = [], 10
    for width in widths:
        k = width / FACE.width
        small = np.asarray(cv2.resize(patch, None, fx=k, fy=k, interpolation=cv2.INTER_AREA))
        picture = face_at(picture, small.astype(np.uint8), left, 20)
        x, y = left + (FACE.x - PATCH_LEFT) * k, 20 + (FACE.y - PATCH_TOP) * k
        boxes.append(Box(x, y, width, FACE.height * k))
        left += small.shape[1] + 10
    return picture, boxes


class CountingDetector:
    """The real detector, noting the width of every picture it is shown."""

    def __init__(self) -> None:
        self.detector = LibFaceDetector()
        self.widths: list[int] = []

    def detect(self, rgb: Pixels) -> list[Detection]:
        self.widths.append(rgb.shape[1])
        return self.detector.detect(rgb)


def test_the_astronaut_is_found_with_landmarks_in_place(
    finder: FaceFinder, astronaut: Pixels
) -> None:
    (face,) = finder.find(astronaut, 8).faces
    assert overlap(face.box, FACE) > 0.8
    assert 0.8 < face.score <= 1
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye == pytest.approx((201, 104), abs=6)
    assert right_eye == pytest.approx((246, 102), abs=6)
    assert nose == pytest.approx((221, 125), abs=6)
    assert left_mouth[0] < right_mouth[0]
    assert min(left_mouth[1], right_mouth[1]) > nose[1]


@pytest.mark.parametrize("width", range(500, 513))
def test_any_width_will_do(finder: FaceFinder, astronaut: Pixels, width: int) -> None:
    (face,) = finder.find(np.ascontiguousarray(astronaut[:, :width]), 8).faces
    assert overlap(face.box, FACE) > 0.75


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        ((1280, 720), [300]),
        ((1280, 720), [40]),
        ((1920, 1080), [120, 60, 40]),
        ((3840, 2160), [60]),
    ],
)
def test_faces_are_placed_well_at_every_size(
    finder: FaceFinder, astronaut: Pixels, size: tuple[int, int], widths: list[int]
) -> None:
    picture, boxes = scene(astronaut, size, widths)
    faces = finder.find(picture, 8).faces
    assert len(faces) == len(boxes)
    for face, box in zip(faces, boxes, strict=True):
        assert overlap(face.box, box) > 0.75


def test_a_large_face_costs_one_small_pass_and_one_close_look(astronaut: Pixels) -> None:
    detector = CountingDetector()
    picture, _ = scene(astronaut, (1280, 720), [240])
    assert len(FaceFinder(detector, DetectorPlan()).find(picture, 8).faces) == 1
    assert len(detector.widths) == 2
    assert max(detector.widths) == 320


def test_a_picture_without_an_upright_face_is_looked_at_from_all_sides(astronaut: Pixels) -> None:
    detector = CountingDetector()
    finder = FaceFinder(detector, DetectorPlan())
    assert not finder.find(np.full((300, 300, 3), 110, np.uint8), 8).faces
    assert len(detector.widths) == 4
    picture, boxes = scene(astronaut, (400, 300), [120])
    for turns in (1, 2, 3):
        (face,) = finder.find(np.ascontiguousarray(np.rot90(picture, -turns)), 8).faces
        assert face.turns == turns
        back = face.turned(4 - turns, *((300, 400) if turns % 2 else (400, 300)))
        assert overlap(back.box, boxes[0]) > 0.6
        assert (back.turns, back.roll) == (0, 0.0)


class MisplacingDetector(CountingDetector):
    """The real detector, but for what it finds at first."""

    def __init__(self, first: Detection) -> None:
        super().__init__()
        self.first = first

    def detect(self, rgb: Pixels) -> list[Detection]:
        found = super().detect(rgb)
        return [self.first] if len(self.widths) == 1 else found


def test_a_box_far_too_large_hides_no_face_that_is_held_another_way(
    finder: FaceFinder, astronaut: Pixels
) -> None:
    """As a detector that takes a turned face for an upright one may draw it."""
    turned = np.ascontiguousarray(np.rot90(astronaut, -1))
    (face,) = finder.find(turned, 8).faces
    assert face.turns
    box = Box(face.box.x - 30, face.box.y - 10, 2.1 * face.box.width, 2.1 * face.box.height)
    assert overlap(box, face.box) < 0.3
    scale = 320 / 512
    first = replace(face, box=box, score=0.8, turns=0).mapped(scale)
    (righted,) = FaceFinder(MisplacingDetector(first), DetectorPlan()).find(turned, 8).faces
    assert righted.turns == face.turns
    assert overlap(righted.box, face.box) > 0.8


def test_upright_faces_are_never_turned(finder: FaceFinder, astronaut: Pixels) -> None:
    picture, _ = scene(astronaut, (1280, 720), [40, 90, 160])
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8)
    dark = (picture // 4).astype(np.uint8)
    for seen in (picture, soft, dark):
        found = finder.find(seen, 8).faces
        assert len(found) >= 2
        assert {face.turns for face in found} == {0}


def test_larger_passes_follow_in_doubt(astronaut: Pixels) -> None:
    detector = CountingDetector()
    picture, _ = scene(astronaut, (1280, 720), [40])
    assert len(FaceFinder(detector, DetectorPlan()).find(picture, 8).faces) == 1
    assert max(detector.widths) > 320


def test_beside_a_large_face_others_large_enough_to_be_judged_are_found(
    finder: FaceFinder, astronaut: Pixels
) -> None:
    """A camera's picture: the smaller face is 10 pixels wide in the first pass."""
    picture, boxes = scene(astronaut, (4000, 3000), [600, 130])
    found = finder.find(picture, 8).faces
    assert [overlap(face.box, box) > 0.6 for face, box in zip(found, boxes, strict=True)] == [
        True
    ] * 2


@pytest.mark.parametrize("size", [(1080, 14_000), (14_000, 1080)])
def test_faces_of_long_pictures_are_found_in_parts(
    finder: FaceFinder, astronaut: Pixels, size: tuple[int, int]
) -> None:
    """As scrolled screens are: shrunk as a whole these would be 12 pixels wide."""
    picture = np.full((*size[::-1], 3), 240, np.uint8)
    small, boxes = scene(astronaut, (1080, 400), [130])
    wanted = []
    for along in (300, 5900, 13_200):  # the second reaches over the end of a part
        left, top = (0, along) if size[0] == 1080 else (along - 540, 300)
        left, top = min(max(left, 0), size[0] - 1080), min(top, size[1] - 400)
        picture[top : top + 400, left : left + 1080] = small
        wanted.append(Box(boxes[0].x + left, boxes[0].y + top, boxes[0].width, boxes[0].height))
    found = finder.find(picture, 8)
    assert (len(found.faces), found.left_out) == (3, ())
    assert len(finder.find(picture, 2).left_out) == 1
    for box in wanted:
        assert max(overlap(face.box, box) for face in found.faces) > 0.6


@pytest.mark.parametrize("width", [64, 66])
def test_beside_a_large_face_one_that_is_just_large_enough_is_found(
    finder: FaceFinder, astronaut: Pixels, width: int
) -> None:
    picture, boxes = scene(astronaut, (4000, 3000), [600, width])
    found = finder.find(picture, 8).faces
    assert [overlap(face.box, box) > 0.6 for face, box in zip(found, boxes, strict=True)] == [
        True
    ] * 2


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("widths", [[500, 200], [250, 250, 250]])
def test_of_several_turned_faces_none_is_lost_because_another_was_seen(
    finder: FaceFinder, astronaut: Pixels, widths: list[int], turns: int
) -> None:
    picture, _ = scene(astronaut, (1600, 1100), widths)
    turned = np.ascontiguousarray(np.rot90(picture, -turns))
    found = finder.find(turned, 8)
    assert [face.turns for face in found.faces] == [turns] * len(widths)
    some = finder.find(turned, 1)
    assert (len(some.faces), len(some.left_out)) == (1, len(widths) - 1)


def test_most_faces_keeps_the_largest(finder: FaceFinder, astronaut: Pixels) -> None:
    picture, boxes = scene(astronaut, (1280, 720), [80, 160, 120])
    found = finder.find(picture, 2)
    assert [overlap(f.box, b) > 0.7 for f, b in zip(found.faces, boxes[1:], strict=True)] == [
        True
    ] * 2
    assert [overlap(face.box, boxes[0]) > 0.5 for face in found.left_out] == [True]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (3000, 2), (15, 15), (40, 40)])
def test_pictures_too_small_for_a_face_have_none(
    finder: FaceFinder, shape: tuple[int, int]
) -> None:
    assert finder.find(np.zeros((*shape, 3), np.uint8), 8).faces == ()


def test_noise_has_no_faces(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert finder.find(noise, 8).faces == ()


def test_one_finder_serves_many_threads(finder: FaceFinder, astronaut: Pixels) -> None:
    alone = finder.find(astronaut, 8)
    together: list[object] = []
    threads = [
        threading.Thread(target=lambda: together.append(finder.find(astronaut, 8)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 8


def test_of_overlapping_finds_the_best_stays() -> None:
    weak = Detection(Box(0, 0, 100, 100), (), 0.7)
    strong = Detection(Box(10, 5, 100, 100), (), 0.9)
    other = Detection(Box(300, 0, 50, 50), (), 0.8)
    assert merge([weak, strong, other]) == [strong, other]


def test_a_missing_file_of_the_detector_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.onnx"):
        LibFaceDetector(tmp_path / "gone.onnx")


def test_another_model_in_place_of_yunet_is_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One that OpenCV reads and cannot run: every upload would fail."""
    with pytest.raises(ConfigurationError, match=r"faces\.onnx is no YuNet model"):
        YuNetDetector("service/weights/faces.onnx")
    assert capfd.readouterr().err == ""


def test_yunet_needs_a_model_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ConfigurationError):
        face_finder(DetectorPlan(kind="yunet"))
    with pytest.raises(ConfigurationError):
        YuNetDetector("nowhere.onnx")
    broken = tmp_path_factory.mktemp("yunet") / "broken.onnx"
    broken.write_bytes(b"not a model")
    with pytest.raises(ConfigurationError):
        YuNetDetector(str(broken))
