"""Evidence to report: tracks, the face that decides, masks, timeline, doubt."""

from dataclasses import replace

import numpy as np
import pytest

from service.faces.crop import FaceCrop
from service.verdict.calibration import probability
from service.verdict.findings import Report
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.service.verdict.faces import BLACK, SPEC, block, evidence, extraction, face

RULE = SupportRule(min_width_px=32, min_sharpness=1.0)
HEAD = (5.0, 0.0, 0.0)


def test_without_a_face_nothing_is_claimed() -> None:
    report = build_report(extraction([]), [], SPEC, RULE)
    assert report.verdict == "no_face"
    assert report.fake_probability is None
    assert report.mask is None
    assert (report.method.name, report.method.confidence) == ("unknown", "low")
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


@pytest.mark.parametrize(
    ("logit", "verdict", "warnings"),
    [(0.0, "inconclusive", ("dark",)), (5.0, "manipulated", ()), (-5.0, "authentic", ())],
)
def test_an_open_verdict_shows_what_may_be_why(
    logit: float, verdict: str, warnings: tuple[str, ...]
) -> None:
    crop = face(warnings=("dark",))
    report = build_report(extraction([crop]), [evidence(logit, methods=HEAD)], SPEC, RULE)
    assert report.verdict == verdict
    assert report.warnings == warnings
    assert report.faces[0].quality.warnings == ("dark",)


def test_a_clip_is_judged_by_track_and_shows_its_worst_frame() -> None:
    crops = [face(frame=i) for i in range(4)]
    logits = [-3.0, 5.0, 1.0, -3.0]
    found = [evidence(x, block(0, 0, 256, 256 if x == 5.0 else 8), HEAD) for x in logits]
    report = build_report(extraction(crops, frames=4), found, SPEC, RULE)
    assert report.fake_probability == pytest.approx(probability(3.0))
    assert report.mask is not None
    assert report.mask.frame_index == 1
    assert np.count_nonzero(report.mask.pixels) == 64 * 64
    assert [point.faces[0].fake_probability for point in report.timeline] == pytest.approx(
        [probability(x) for x in logits]
    )


def test_a_face_that_just_passes_now_and_then_accuses_nobody() -> None:
    """Somebody half behind somebody else, in a clip that shakes."""
    good = [place in {3, 9} for place in range(16)]
    crops = [face(frame=i, warnings=() if fits else ("covered",)) for i, fits in enumerate(good)]
    logits = [5.0 if fits else 1.0 for fits in good]
    found = [evidence(x, methods=HEAD) for x in logits]
    report = build_report(extraction(crops, frames=16), found, SPEC, RULE)
    assert report.verdict == "inconclusive"
    assert report.faces[0].reasons == ("face_covered",)
    assert not report.faces[0].supported


def test_poor_frames_of_a_face_seen_well_elsewhere_have_no_vote() -> None:
    crops = [face(frame=0), face(frame=1, sharpness=0.1)]
    found = [evidence(-4.0, methods=HEAD), evidence(9.0, methods=HEAD)]
    report = build_report(extraction(crops, frames=2), found, SPEC, RULE)
    assert report.verdict == "authentic"
    assert [point.faces[0].votes for point in report.timeline] == [True, False]
    alike = build_report(extraction(crops[1:], frames=2), found[1:], SPEC, RULE)
    assert [each.votes for point in alike.timeline for each in point.faces] == [True]


def test_the_timeline_says_how_each_face_was_seen() -> None:
    turned = np.array([[0.0, -0.25, 64.0], [0.25, 0.0, 0.0]])
    crops = [face(frame=0), replace(face(frame=1), crop_to_frame=turned, in_key_frame=False)]
    report = build_report(extraction(crops, frames=2), [evidence(1.0)] * 2, SPEC, RULE)
    assert [(each.time_s, each.until_s) for each in report.timeline] == [(0.0, 0.1), (0.1, 0.2)]
    first, second = (point.faces[0] for point in report.timeline)
    assert (first.roll_deg, first.in_key_frame) == (0.0, True)
    assert (second.roll_deg, second.in_key_frame) == (90.0, False)


def test_what_prediction_adds_is_made_the_usual_in_verdict_and_timeline() -> None:
    """The second face is seen by itself, and its own frames tell how much is added to it."""
    crops = [
        replace(face(frame=i, track=track, left=100 * track), in_key_frame=i == 1)
        for i in range(3)
        for track in (0, 1)
    ]
    found = [evidence(x, methods=HEAD) for x in (1.0, 3.0, -1.0, 3.0, 1.0, 3.0)]
    report = build_report(extraction(crops, frames=3), found, SPEC, RULE)
    shown = [[each.fake_probability for each in point.faces] for point in report.timeline]
    assert np.array(shown) == pytest.approx(
        np.array([[probability(a), probability(b)] for a, b in ((0, 3.5), (-1, 3), (0, 3.5))])
    )
    assert report.faces[0].fake_probability == pytest.approx(probability(-0.5))


def test_a_key_frame_too_poor_to_judge_tells_nothing_of_the_others() -> None:
    key = replace(face(frame=0, sharpness=0.1), in_key_frame=True)
    others = [replace(face(frame=i), in_key_frame=False) for i in (1, 2)]
    found = [evidence(x, methods=HEAD) for x in (-5.0, 3.0, 3.0)]
    report = build_report(extraction([key, *others], frames=3), found, SPEC, RULE)
    assert report.faces[0].fake_probability == pytest.approx(probability(3.0))


def clip_report(*logits: float, methods: tuple[float, ...] = HEAD) -> Report:
    """The report on a clip of one face, a tenth of a second from frame to frame."""
    crops = [face(frame=i) for i in range(len(logits))]
    found = [evidence(x, block(0, 0, 256, 64), methods) for x in logits]
    return build_report(extraction(crops, frames=len(logits)), found, SPEC, RULE)


def test_a_stretch_is_manipulated_and_has_its_interval() -> None:
    report = clip_report(*[-4.0] * 5, *[5.0] * 4, *[-4.0] * 3)
    assert report.verdict == "manipulated"
    assert report.warnings == ()
    (found,) = report.faces
    assert found.agreement == 1.0
    (interval,) = found.intervals
    # Every frame was looked at: it begins where the sixth appears and ends where the tenth does.
    assert interval.start_s == pytest.approx(0.5)
    assert interval.end_s == pytest.approx(0.9)


def test_scattered_flips_are_inconclusive_with_the_reason() -> None:
    report = clip_report(*[5.0, -5.0] * 6)
    assert report.verdict == "inconclusive"
    assert report.warnings == ("frames_disagree",)
    assert report.fake_probability == pytest.approx(0.5)
    assert report.method.confidence == "low"
    assert report.faces[0].supported


def test_a_slip_lowers_the_probability_but_not_the_verdict() -> None:
    whole = clip_report(*[-4.0] * 4, *[4.0] * 8, *[-4.0] * 4)
    slip = clip_report(*[-4.0] * 4, *[4.0] * 4, -4.0, *[4.0] * 3, *[-4.0] * 4)
    assert slip.verdict == whole.verdict == "manipulated"
    assert slip.fake_probability is not None
    assert whole.fake_probability is not None
    assert slip.fake_probability < whole.fake_probability
    assert len(slip.faces[0].intervals) == 1


def test_a_face_whose_frames_disagree_outweighs_an_authentic_one() -> None:
    crops = [face(frame=i, track=track) for i in range(8) for track in (0, 1)]
    found = [evidence(x, methods=HEAD) for i in range(8) for x in (-5.0, 5.0 if i % 2 else -5.0)]
    report = build_report(extraction(crops, frames=8), found, SPEC, RULE)
    assert [each.verdict for each in report.faces] == ["authentic", "inconclusive"]
    assert report.verdict == "inconclusive"
    assert report.warnings == ("frames_disagree",)


def test_an_authentic_face_and_a_picture_have_no_intervals() -> None:
    assert clip_report(*[-4.0] * 8).faces[0].intervals == ()
    picture = build_report(extraction([face()]), [evidence(5.0, methods=HEAD)], SPEC, RULE)
    assert picture.faces[0].intervals == ()


def test_a_face_says_when_it_was_seen() -> None:
    crops = [face(frame=i) for i in (2, 3, 5)]
    found = [evidence(-4.0, methods=HEAD)] * 3
    presence = build_report(extraction(crops, frames=8), found, SPEC, RULE).faces[0].presence
    assert (presence.frames, presence.first_s, presence.last_s) == (3, 0.2, 0.5)


def test_a_face_is_told_of_by_the_worst_frame_it_was_seen_well_in() -> None:
    crops = [
        face(frame=0),
        replace(face(frame=1, left=50, sharpness=9.0), detection_score=0.8),
        face(frame=2, left=100, sharpness=0.1),
    ]
    masks = block(0, 0, 256, 8), block(0, 0, 256, 256), BLACK
    heads = (0.0, 0.0, 9.0), (9.0, 0.0, 0.0), (0.0, 9.0, 0.0)
    found = [evidence(x, m, h) for x, m, h in zip((-1.0, 5.0, 9.0), masks, heads, strict=True)]
    report = build_report(extraction(crops, frames=3), found, SPEC, RULE)
    (one,), worst = report.faces, crops[1]
    assert (one.box, one.quality, one.detection_score) == (worst.box, worst.quality, 0.8)
    assert (one.mask.frame_index, one.presence.frames, one.supported) == (1, 3, True)
    assert one.method.probabilities["face2face"] < 0.01, "the poor frame has no vote"
    assert one.method.probabilities["faceswap"] < 0.3, "each votes with its P(fake)"
    assert report.mask is not None
    assert np.count_nonzero(report.mask.pixels) == 64 * 64, "the masks of one frame"


def test_intervals_are_those_of_the_frames_that_had_a_vote() -> None:
    crops = [face(frame=i, sharpness=0.1 if i in (2, 3) else 10.0) for i in range(6)]
    found = [evidence(x, methods=HEAD) for x in (-4.0, -4.0, 9.0, 9.0, 5.0, 5.0)]
    (one,) = build_report(extraction(crops, frames=6), found, SPEC, RULE).faces
    assert [(i.start_s, i.end_s) for i in one.intervals] == [pytest.approx((0.4, 0.6))]


def test_an_interval_begins_at_the_models_threshold() -> None:
    (one,) = clip_report(5.0, 5.0, -4.0, -4.0, -4.0, 0.5, 0.5, 0.5).faces
    assert [(i.start_s, i.end_s) for i in one.intervals] == [pytest.approx((0.0, 0.2))]


def test_a_manipulated_face_outweighs_a_likelier_one_whose_frames_disagree() -> None:
    flips = [20.0] * 4 + [-20.0, 20.0] * 3 + [20.0] * 6
    crops = [face(frame=i, track=track) for i in range(16) for track in (0, 1)]
    found = [evidence(x, methods=HEAD) for flip in flips for x in (2.0, flip)]
    report = build_report(extraction(crops, frames=16), found, SPEC, RULE)
    assert [each.verdict for each in report.faces] == ["manipulated", "inconclusive"]
    assert report.faces[0].fake_probability < report.faces[1].fake_probability
    assert report.verdict == "manipulated"


@pytest.mark.parametrize("crops", [[], [face()]])
def test_what_limits_the_upload_is_told_with_and_without_a_face(crops: list[FaceCrop]) -> None:
    taken = extraction(crops)
    taken = replace(taken, media=replace(taken.media, warnings=("faces_left_out",)))
    report = build_report(taken, [evidence(-5.0, methods=HEAD)] * len(crops), SPEC, RULE)
    assert report.warnings == ("faces_left_out",)


def test_several_suspects_give_their_reason_once() -> None:
    crops = [face(track=i, left=60 * i, warnings=("covered",) if i else ()) for i in range(3)]
    found = [evidence(x, methods=HEAD) for x in (-4.0, 1.0, 1.0)]
    report = build_report(extraction(crops), found, SPEC, RULE)
    assert (report.verdict, report.warnings) == ("authentic", ("face_covered",))


def test_an_agreement_at_the_limit_is_enough() -> None:
    report = clip_report(5.0, 5.0, -5.0, -5.0, 5.0, 5.0, -5.0)
    assert report.faces[0].agreement == 0.75
    assert (report.verdict, report.warnings) == ("manipulated", ())


@pytest.mark.parametrize("crop", [face(side=32), face(sharpness=1.0)])
def test_a_face_at_the_limits_is_judged(crop: FaceCrop) -> None:
    assert build_report(extraction([crop]), [evidence(5.0)], SPEC, RULE).verdict == "manipulated"
