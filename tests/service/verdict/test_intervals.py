"""When a track is manipulated, in seconds."""

import pytest

from service.media.stretches import Interval, Stretch, stretches
from service.verdict.intervals import manipulated_intervals
from tests.service.media.test_stretches import moments

SECONDS = stretches(moments(*(0.5 + i for i in range(8))), 8.0)


def found(*logits: float) -> list[tuple[float, float]]:
    intervals = manipulated_intervals(SECONDS[: len(logits)], logits, threshold=1.0)
    return [(interval.start_s, interval.end_s) for interval in intervals]


def test_what_outlasts_its_neighbours_is_an_interval_of_its_own() -> None:
    spans = [Stretch(0.0, 1.0), Stretch(1.0, 8.0), Stretch(8.0, 9.0)]
    assert manipulated_intervals(spans, [-4.0, 5.0, -4.0], 1.0) == (Interval(1.0, 8.0),)
    even = [Stretch(0.0, 3.0), Stretch(3.0, 6.0), Stretch(6.0, 9.0)]
    assert manipulated_intervals(even, [-4.0, 5.0, -4.0], 1.0) == ()


def test_a_still_is_one_as_the_frames_of_a_video_in_its_place_would_be() -> None:
    stills = stretches([Interval(0.0, 3.0), Interval(3.0, 6.0), Interval(6.0, 9.0)], 9.0)
    assert manipulated_intervals(stills, [-4.0, 5.0, -4.0], 1.0) == (Interval(3.0, 6.0),)


def test_a_still_that_outlasts_its_neighbours_divides_them() -> None:
    ends = [0.0, 1.0, 2.0, 8.0, 9.0, 10.0]
    spans = stretches([*map(Interval, ends[:-1], ends[1:])], 10.0)
    found = manipulated_intervals(spans, [5.0, 5.0, -4.0, 5.0, 5.0], 1.0)
    assert found == (Interval(0.0, 2.0), Interval(8.0, 10.0))


def test_a_stretch_has_its_edges() -> None:
    assert found(-4, -4, 3, 5, 3, -4, -4, -4) == [(2.0, 5.0)]


def test_the_threshold_belongs_to_the_manipulated() -> None:
    assert found(-4, -4, 1, 1, -4) == [(2.0, 4.0)]
    assert found(-4, -4, 0.99, 0.99, -4) == []


def test_two_stretches_are_two_intervals() -> None:
    assert found(5, 5, -4, -4, -4, 5, 5, 5) == [(0.0, 2.0), (5.0, 8.0)]


def test_the_whole_clip_is_one_interval() -> None:
    assert found(5, 5, 5, 5, 5, 5, 5, 5) == [(0.0, 8.0)]


@pytest.mark.parametrize("place", range(1, 7))
def test_one_frame_alone_makes_no_interval_and_no_gap(place: int) -> None:
    lone, gap = [-4.0] * 8, [5.0] * 8
    lone[place], gap[place] = 5.0, -4.0
    assert found(*lone) == []
    assert found(*gap) == [(0.0, 8.0)]


@pytest.mark.parametrize(
    ("frames", "intervals"),
    [
        ("--+-+-+-", []),
        ("+-+-+-+-", [(0.0, 1.0)]),
        ("++++-+--", [(0.0, 4.0)]),
        ("--+-++++", [(4.0, 8.0)]),
        ("++-+-+++", [(0.0, 2.0), (5.0, 8.0)]),
        ("++-++-++", [(0.0, 8.0)]),
        ("++--++--", [(0.0, 2.0), (4.0, 6.0)]),
    ],
)
def test_an_interval_begins_and_ends_with_frames_that_look_manipulated(
    frames: str, intervals: list[tuple[float, float]]
) -> None:
    """Where they alternate, the median of three is what the frame itself is not."""
    assert found(*(5.0 if frame == "+" else -4.0 for frame in frames)) == intervals


def test_a_frame_that_looks_authentic_joins_nothing_across_an_absence() -> None:
    seen = [*SECONDS[:2], *(Stretch(start_s, start_s + 1.0) for start_s in (20.0, 21.0, 22.0))]
    intervals = manipulated_intervals(seen, [5, 5, -4, 5, 5], threshold=1.0)
    assert intervals == (Interval(0.0, 2.0), Interval(21.0, 23.0))


def test_the_ends_of_a_clip_are_believed() -> None:
    assert found(5, -4, -4, -4, -4, -4, -4, 5) == [(0.0, 1.0), (7.0, 8.0)]
    assert found(-4, 5, 5, 5, 5, 5, 5, -4) == [(1.0, 7.0)]


def test_frames_without_the_face_are_bridged() -> None:
    seen = [SECONDS[0], SECONDS[1], SECONDS[4], SECONDS[5]]
    (interval,) = manipulated_intervals(seen, [5, 5, 5, 5], threshold=1.0)
    assert (interval.start_s, interval.end_s) == (0.0, 6.0)


def test_but_not_where_it_was_gone_for_long() -> None:
    seen = [
        Stretch(0.0, 20.0),
        Stretch(20.0, 40.0),
        Stretch(80.0, 100.0),
        Stretch(100.0, 120.0),
    ]
    found = manipulated_intervals(seen, [5, 5, 5, 5], threshold=1.0)
    assert [(each.start_s, each.end_s) for each in found] == [(0.0, 40.0), (80.0, 120.0)]


def test_a_face_seen_twice_is_taken_as_it_is() -> None:
    assert found(5, -4) == [(0.0, 1.0)]
    assert found() == []
