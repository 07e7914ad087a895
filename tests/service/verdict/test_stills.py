"""A still says what the frames of a video would say in its place."""

from dataclasses import replace

import numpy as np
import pytest

from service.faces.extraction import Extraction
from service.inference.model_file import Thresholds
from service.media.stretches import Interval
from service.verdict.findings import Report
from service.verdict.report import build_report
from service.verdict.stills import divided, parts, repeated
from service.verdict.support import SupportRule
from service.verdict.track import weigh
from tests.service.verdict.faces import SPEC, evidence, extraction, face

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)
RULE = SupportRule(min_width_px=32, min_sharpness=1.0)


def shown(logits: list[float], seconds: list[float]) -> Report:
    """The report on a face in a clip of stills that are shown for so long."""
    crops = [face(frame=place) for place in range(len(logits))]
    taken = extraction(crops, frames=len(logits))
    ends = [0.0, *np.cumsum(seconds).tolist()]
    frames = tuple((i, ends[i], ends[i + 1]) for i in range(len(logits)))
    media = replace(taken.media, duration_s=ends[-1])
    return build_report(
        Extraction(media, taken.crops, frames), [evidence(each) for each in logits], SPEC, RULE
    )


def test_a_still_counts_as_often_as_a_sixteenth_of_the_time_goes_into_its_own() -> None:
    assert parts([1.0, 1.0], [1.0, 1.0]) == [8, 8]
    assert parts([2.0, 1.0], [2.0, 1.0]) == [10, 5]
    assert parts([10.0, 0.5], [10.0, 0.5]) == [15, 1]


def test_other_frames_count_once() -> None:
    # Looked at once a second, on screen for a twenty-fifth of one.
    assert parts([0.04] * 3, [1.0] * 3) == [1, 1, 1]
    assert parts([0.2, 0.2], [0.2, 0.2]) == [1, 1]
    assert parts([0.0], [0.0]) == [1]


def test_the_parts_of_a_stretch_are_equal_and_make_it_up() -> None:
    assert divided([Interval(0.0, 1.0), Interval(1.0, 3.0)], [1, 2]) == [
        Interval(0.0, 1.0),
        Interval(1.0, 2.0),
        Interval(2.0, 3.0),
    ]
    assert repeated("ab", [1, 2]) == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("logits", "seconds"),
    [
        ([-5.0, 4.0], [1.0, 1.0]),
        ([-5.0, 4.0], [2.0, 1.0]),
        ([-5.0, 4.0, -5.0], [2.0, 1.0, 1.0]),
        ([-5.0, 4.0, -5.0, -5.0], [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_a_fake_among_stills_is_found_as_in_a_video(
    logits: list[float], seconds: list[float]
) -> None:
    report = shown(logits, seconds)
    assert report.verdict == "manipulated"
    place = logits.index(4.0)
    (interval,) = report.faces[0].intervals
    assert interval.start_s == pytest.approx(sum(seconds[:place]))
    assert interval.end_s == pytest.approx(sum(seconds[: place + 1]))


def test_frames_that_nobody_sees_for_long_need_a_second_one_as_before() -> None:
    assert shown([-5.0, 4.0], [0.1, 0.1]).verdict != "manipulated"


def test_stills_without_room_for_a_face_count_by_their_time_as_well() -> None:
    logits, seconds, good = [-5.0, 4.0], [1.0, 1.0], [True, True]
    # As long as these two together, or thrice: a quarter of it all is one of these, or both.
    crowded = weigh(logits, seconds, good, THRESHOLDS, 2, shown_s=seconds)
    assert crowded.logit == pytest.approx(4.0)
    crowd = weigh(logits, seconds, good, THRESHOLDS, 6, shown_s=seconds)
    assert crowd.logit == pytest.approx(-0.5)


def test_stills_that_take_turns_are_not_at_odds() -> None:
    assert shown([-5.0, 4.0] * 2, [1.0] * 4).verdict == "manipulated"
    assert shown([-5.0, 4.0] * 8, [0.1] * 16).faces[0].reasons == ("frames_disagree",)


def test_stills_of_equal_length_count_alike_whatever_their_last_bits_are() -> None:
    length = 0.25
    nearly = [length, 0.24999999999999997, 0.25000000000000006, length]
    assert parts(nearly, nearly) == [4] * 4
