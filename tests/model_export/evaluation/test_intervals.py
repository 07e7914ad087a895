"""Found stretches of manipulation against the true ones."""

from dataclasses import replace
from typing import Any

import pytest

from model_export.evaluation.intervals import overlap_in_time, time_iou
from model_export.evaluation.rows import Row
from service.media.stretches import Stretch
from tests.model_export.evaluation.rows import row as judged

NOTE: dict[str, Any] = {
    "thresholds": {"manipulated": 0.5, "authentic": 0.25, "mask": 128, "method": 0.5}
}


def row(group: str, time_s: float, logit: float) -> Row:
    until_s = 8.0 if time_s == 7 else time_s + 0.5
    return replace(
        judged(logit, "deepfakes" if logit > 0 else None, group),
        time_s=time_s,
        stretch=Stretch(max(0.0, time_s - 0.5), until_s),
    )


def test_overlap_in_time() -> None:
    assert time_iou([(1, 3)], (1, 3)) == 1
    assert time_iou([(0, 2)], (1, 3)) == pytest.approx(1 / 3)
    assert time_iou([(0, 1), (2, 3)], (0, 3)) == pytest.approx(2 / 3)
    assert time_iou([(0, 1), (4, 6)], (5, 7)) == pytest.approx(1 / 4)
    assert time_iou([], (1, 3)) == time_iou([], (1, 1)) == 0


def test_a_clip_judged_right_in_every_frame_is_found_to_the_sampling() -> None:
    rows = [row("a", time, 4.0 if 2 <= time < 6 else -4.0) for time in range(8)]
    figures = overlap_in_time(rows, {"a": (2.0, 6.0)}, NOTE)
    # Frames a second apart place an edge half a second off at most.
    assert figures["iou"] > 0.75
    assert figures["edge_error_s"] <= 0.5
    assert figures["reals_with_an_interval"] is None
    assert overlap_in_time(rows[::-1], {"a": (2.0, 6.0)}, NOTE) == figures, "in any order"
    for truth, off in (((0.0, 6.0), 1.0), ((3.0, 5.0), 1.0), ((2.0, 8.0), 1.0), ((1.0, 9.0), 2.0)):
        shifted = overlap_in_time(rows, {"a": truth}, NOTE)
        assert shifted["edge_error_s"] == pytest.approx(off, abs=0.5)


def test_what_is_too_poor_to_judge_is_no_interval_where_there_are_better_frames() -> None:
    rows = [row("a", time, 4.0 if 2 <= time < 6 else -4.0) for time in range(8)]
    poor = [replace(each, good=each.logit < 0) for each in rows]
    figures = overlap_in_time(poor, {"a": (2.0, 6.0)}, NOTE)
    assert figures["iou"] == 0
    assert figures["edge_error_s"] is None


def test_what_is_judged_authentic_has_no_interval_however_loud_two_frames_are() -> None:
    loud = [row("a", t / 2, 4.0 if t in (7, 8) else -9.0) for t in range(16)]
    truths = {"a": None}
    assert overlap_in_time(loud, truths, NOTE)["reals_with_an_interval"] == 0
    poor = [replace(each, good=False) for each in loud]
    assert overlap_in_time(poor, truths, NOTE)["reals_with_an_interval"] == 1, "left open"
    assert overlap_in_time(loud[4:12], truths, NOTE)["reals_with_an_interval"] == 1, "long enough"
    crowded = [replace(each, crowded_out=8) for each in loud[4:12]]
    assert overlap_in_time(crowded, truths, NOTE)["reals_with_an_interval"] == 0, "of so many more"
    poor = [replace(each, good=each.logit < 0, crowded_out=12) for each in crowded]
    assert overlap_in_time(poor, truths, NOTE)["reals_with_an_interval"] == 1, "seldom seen well"


def test_what_is_left_open_for_its_frames_contradict_one_another_may_have_one() -> None:
    def alarms(*loud: int) -> float:
        rows = [row("a", t / 2, 4.0 if t in loud else -9.0) for t in range(16)]
        found: float = overlap_in_time(rows, {"a": None}, NOTE)["reals_with_an_interval"]
        return found

    assert alarms(7, 8) == 0, "judged authentic"
    assert alarms(2, 3, 7, 8, 12, 13) == 1


def test_real_clips_with_an_interval_are_false_alarms() -> None:
    rows = [row("calm", t, -4.0) for t in range(8)] + [row("loud", t, 4.0) for t in range(8)]
    truths = dict.fromkeys(("calm", "loud"))
    figures = overlap_in_time(rows, truths, NOTE)
    assert figures["reals_with_an_interval"] == 0.5
    assert figures["iou"] is None


def test_a_clip_without_a_face_is_a_miss() -> None:
    assert overlap_in_time([], {"a": (2, 6)}, NOTE)["iou"] == 0


def test_a_stretch_found_in_parts_ends_where_the_last_of_them_ends() -> None:
    rows = [row("a", time / 2, 4.0 if time // 4 in {1, 4} else -4.0) for time in range(24)]
    figures = overlap_in_time(rows, {"a": (2.0, 10.0)}, NOTE)
    assert 0.4 < figures["iou"] < 0.6
    assert figures["edge_error_s"] <= 0.5


def test_an_interval_is_what_the_service_would_call_manipulated() -> None:
    strict = {"thresholds": NOTE["thresholds"] | {"manipulated": 0.9}}
    rows = [row("a", time, 4.0 if 2 <= time < 6 else 1.0) for time in range(8)]
    truths = {"a": (2.0, 6.0)}
    assert overlap_in_time(rows, truths, strict)["iou"] > 0.75
    assert overlap_in_time(rows, truths, NOTE)["iou"] == 0.5
