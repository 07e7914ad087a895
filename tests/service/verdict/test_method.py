"""The method comes from the model's own output, or from the mask's shape."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.inference.evidence import Evidence
from service.inference.model_file import ModelSpec
from service.verdict.calibration import FaceVerdict
from service.verdict.findings import MethodFinding
from service.verdict.method import NO_METHOD, name_method
from service.verdict.shape import measure_shape, method_of_shape
from tests.service.verdict.faces import BLACK, SPEC, block, evidence

Mask = NDArray[np.uint8]
HEADLESS = replace(SPEC, methods=())


def rotated_rectangle() -> Mask:
    corners = cv2.boxPoints(((128.0, 128.0), (120.0, 90.0), 20.0)).astype(np.int32)
    mask = BLACK.copy()
    cv2.fillPoly(mask, [corners], 255)
    return mask


def polygon() -> Mask:
    corners = np.array([[70, 60], [190, 60], [210, 120], [130, 220], [50, 120]], np.int32)
    mask = BLACK.copy()
    cv2.fillPoly(mask, [corners], 255)
    return mask


def face_with_eyes_and_mouth_left_out() -> Mask:
    mask = BLACK.copy()
    cv2.ellipse(mask, (128, 128), (80, 100), 0, 0, 360, 255, -1)
    for centre in ((98, 100), (158, 100), (128, 175)):
        cv2.ellipse(mask, centre, (18, 10), 0, 0, 360, 0, -1)
    return mask


def ellipse() -> Mask:
    mask = BLACK.copy()
    cv2.ellipse(mask, (128, 128), (70, 100), 0, 0, 360, 255, -1)
    return mask


@pytest.mark.parametrize(
    ("mask", "method"),
    [
        (block(60, 60, 190, 200), "deepfakes"),
        (rotated_rectangle(), "deepfakes"),
        (polygon(), "faceswap"),
        (face_with_eyes_and_mouth_left_out(), "face2face"),
        (ellipse(), "unknown"),
        (block(10, 10, 14, 14), "unknown"),
        (BLACK, "unknown"),
    ],
)
def test_a_shape_speaks_for_a_method(mask: Mask, method: str) -> None:
    assert method_of_shape(mask) == method


def test_measures_of_a_rectangle() -> None:
    shape = measure_shape(block(50, 50, 150, 200))
    assert shape is not None
    assert shape.rectangularity == pytest.approx(1.0, abs=0.02)
    assert shape.solidity == pytest.approx(1.0, abs=0.01)
    assert shape.area == pytest.approx(100 * 150 / 256**2, rel=0.03)
    assert (shape.holes, shape.corners) == (0.0, 4)


def test_a_black_mask_has_no_shape() -> None:
    assert measure_shape(BLACK) is None


def named(
    *items: Evidence,
    weights: Sequence[float] = (0.9,),
    mask: Mask = BLACK,
    spec: ModelSpec = SPEC,
    fake: float = 0.9,
    verdict: FaceVerdict = "manipulated",
) -> MethodFinding:
    """The method of a face of which this was seen."""
    return name_method(items, weights, verdict, mask, spec, fake_probability=fake)


def test_the_head_names_the_method() -> None:
    found = named(evidence(3.0, methods=(0, 6, 0)))
    assert (found.name, found.confidence) == ("face2face", "high")
    assert sum(found.probabilities.values()) == pytest.approx(1.0)


def test_an_undecided_head_is_unknown() -> None:
    found = named(evidence(3.0, methods=(0, 0, 0)))
    assert (found.name, found.confidence) == ("unknown", "low")


@pytest.mark.parametrize("spec", [SPEC, HEADLESS])
def test_a_face_more_likely_real_gets_no_name(spec: ModelSpec) -> None:
    item, mask = evidence(-0.5, methods=(9, 0, 0)), block(60, 60, 190, 200)
    for fake, name in ((0.49, "unknown"), (0.5, "deepfakes")):
        found = named(item, mask=mask, spec=spec, fake=fake, verdict="inconclusive")
        assert (found.name, found.confidence) == (name, "low")


def test_crops_vote_with_their_probability() -> None:
    items = [evidence(3.0, methods=(9, 0, 0)), evidence(-3.0, methods=(0, 0, 9))]
    assert named(*items, weights=[0.95, 0.05]).name == "deepfakes"
    assert named(*items, weights=[0.05, 0.95]).name == "faceswap"


def test_the_temperature_softens_the_head() -> None:
    soft = replace(SPEC, method_temperature=3.0)
    item = evidence(3.0, methods=(3, 0, 0))
    sharp_share = named(item).probabilities["deepfakes"]
    assert named(item, spec=soft).probabilities["deepfakes"] < sharp_share


def test_a_model_without_a_head_is_read_by_shape_with_low_confidence() -> None:
    found = named(evidence(3.0), mask=block(60, 60, 190, 200), spec=HEADLESS)
    assert (found.name, found.confidence, found.probabilities) == ("deepfakes", "low", {})


def test_what_is_authentic_has_no_method() -> None:
    item = evidence(-3.0, methods=(9, 0, 0))
    assert named(item, fake=0.05, verdict="authentic") == NO_METHOD
