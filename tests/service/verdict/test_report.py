"""Evidence to report: tracks, the face that decides, masks, timeline, doubt."""

import numpy as np
import pytest

from service.faces.crop import FaceCrop
from service.verdict.calibration import probability
from service.verdict.report import SupportRule, build_report
from tests.service.verdict.faces import SPEC, block, evidence, extraction, face

RULE = SupportRule(min_width_px=32, min_sharpness=1.0)
HEAD = (5.0, 0.0, 0.0)


def test_without_a_face_nothing_is_claimed() -> None:
    report = build_report(extraction([]), [], SPEC, RULE)
    assert report.verdict == "no_face"
    assert report.fake_probability is None
    assert report.mask is None
    assert report.faces == ()
    assert [point.faces for point in report.timeline] == [()]


def test_one_manipulated_face() -> None:
    found = [evidence(3.0, block(0, 0, 256, 128), HEAD)]
    report = build_report(extraction([face(left=100, top=10)]), found, SPEC, RULE)
    assert report.verdict == "manipulated"
    assert report.fake_probability == pytest.approx(probability(3.0))
    assert report.method.name == "deepfakes"
    assert report.mask is not None
    assert report.mask.pixels.shape == (100, 200)
    assert report.mask.area_fraction == pytest.approx(64 * 32 / (100 * 200))
    assert report.faces[0].mask.area_fraction == 0.5


def test_the_worst_face_decides_and_the_authentic_one_shows_no_mask() -> None:
    crops = [face(track=0), face(track=1, left=100)]
    specks = block(0, 0, 20, 20)
    found = [evidence(-4.0, specks, HEAD), evidence(4.0, block(0, 0, 256, 256), HEAD)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert [each.verdict for each in report.faces] == ["authentic", "manipulated"]
    assert report.fake_probability == report.faces[1].fake_probability
    assert report.faces[0].method.name == "none"
    assert report.faces[0].mask.area_fraction == 0.0
    assert report.mask is not None
    assert not report.mask.pixels[:, :100].any()
    assert report.mask.pixels[:64, 100:164].all()


@pytest.mark.parametrize(
    ("crop", "reason"),
    [(face(side=20), "face_too_small"), (face(sharpness=0.2), "face_too_blurred")],
)
def test_a_face_too_poor_is_inconclusive_with_the_reason(crop: FaceCrop, reason: str) -> None:
    report = build_report(extraction([crop]), [evidence(5.0, methods=HEAD)], SPEC, RULE)
    assert report.verdict == "inconclusive"
    assert report.warnings == (reason,)
    assert report.faces[0].reasons == (reason,)
    assert report.method.confidence == "low"


def test_a_poor_face_in_the_background_does_not_decide() -> None:
    crops = [face(track=0), face(track=1, side=16)]
    found = [evidence(-4.0, methods=HEAD), evidence(6.0, methods=HEAD)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert report.verdict == "authentic"
    assert [each.verdict for each in report.faces] == ["authentic", "inconclusive"]


def test_a_clip_is_judged_by_track_and_shows_its_worst_frame() -> None:
    crops = [face(frame=i) for i in range(4)]
    logits = [-3.0, 5.0, -3.0, 1.0]
    found = [evidence(x, block(0, 0, 256, 256 if x == 5.0 else 8), HEAD) for x in logits]
    report = build_report(extraction(crops, frames=4), found, SPEC, RULE)
    assert report.fake_probability == pytest.approx(probability(3.0))
    assert report.mask is not None
    assert report.mask.frame_index == 1
    assert np.count_nonzero(report.mask.pixels) == 64 * 64
    assert [point.faces[0][1] for point in report.timeline] == pytest.approx(
        [probability(x) for x in logits]
    )


def test_poor_frames_of_a_face_seen_well_elsewhere_have_no_vote() -> None:
    crops = [face(frame=0), face(frame=1, sharpness=0.1)]
    found = [evidence(-4.0, methods=HEAD), evidence(9.0, methods=HEAD)]
    report = build_report(extraction(crops, frames=2), found, SPEC, RULE)
    assert report.verdict == "authentic"
