"""A refusal says when to return: by how much was done of late."""

import tracemalloc

import pytest

from service.errors import OverloadedError
from service.inference.admission import Admission, Kind
from tests.service.inference.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> Admission:
    return Admission(10, 1000, clock, lambda _: None)


def test_retry_after_follows_the_measured_rate(admission: Admission, clock: Clock) -> None:
    for _ in range(4):  # two crops a second
        with admission.permit():
            pass
        clock.seconds += 0.5
    with admission.permit() as permit:
        permit.grow(9, Kind.CLIP)
        assert admission.retry_after_s() == 5, "rounded up"
        permit.grow(1000, Kind.CLIP)
        assert admission.retry_after_s() == 60, "at most a minute"


def test_an_old_rate_is_forgotten(admission: Admission, clock: Clock) -> None:
    with admission.permit():
        pass
    clock.seconds += 1000.0
    with admission.permit() as permit:
        permit.grow(10, Kind.CLIP)
        assert admission.retry_after_s() == 1


def test_a_clip_without_faces_makes_room_for_all_that_it_had_asked_for(
    admission: Admission, clock: Clock
) -> None:
    for _ in range(4):  # ten crops' room in half a second each
        with admission.permit() as clip:
            clip.grow(10, Kind.CLIP)
            clip.settle(0)
        clock.seconds += 0.5
    with admission.permit() as permit:
        permit.grow(10, Kind.CLIP)
        clock.seconds += 3.0
        assert admission.retry_after_s() == 2, "forty in five seconds"


def test_work_counts_as_it_turned_out_where_that_is_more(
    admission: Admission, clock: Clock
) -> None:
    with admission.permit() as clip:
        clip.grow(2, Kind.CLIP)
        clip.settle(20)
    clock.seconds += 5.0
    with admission.permit() as permit:
        permit.grow(9, Kind.CLIP)
        assert admission.retry_after_s() == 3


def test_work_counts_from_when_it_was_done(admission: Admission, clock: Clock) -> None:
    with admission.permit():
        with admission.permit():
            clock.seconds += 20.0
        clock.seconds += 5.0
        assert admission.retry_after_s() == 5
        clock.seconds += 15.0
        assert admission.retry_after_s() == 20, "nothing has been done for so long"


def test_only_what_was_done_of_late_makes_the_rate(admission: Admission, clock: Clock) -> None:
    clock.seconds += 500.0
    for crops, later in ((10, 8.0), (2, 4.0)):
        with admission.permit() as permit:
            permit.grow(crops, Kind.CLIP)
        clock.seconds += later
    with admission.permit() as permit:
        permit.grow(10, Kind.CLIP)
        assert admission.retry_after_s() == 20, "two in four seconds"


def test_what_was_done_long_ago_is_not_kept(admission: Admission, clock: Clock) -> None:
    """Not even where nobody is ever refused, and so nobody asks for the rate."""
    tracemalloc.start()
    try:
        for _ in range(5_000):
            with admission.permit():
                clock.seconds += 1.0
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 50_000


def test_where_nothing_is_done_nobody_is_asked_back_at_once(
    admission: Admission, clock: Clock
) -> None:
    with admission.permit():
        clock.seconds += 25.0
        assert admission.retry_after_s() == 25
        clock.seconds += 1000.0
        assert admission.retry_after_s() == 60
    clock.seconds += 1000.0
    assert admission.retry_after_s() == 1


def test_who_is_refused_after_all_or_leaves_while_resting_is_no_work_done(
    admission: Admission, clock: Clock
) -> None:
    with admission.permit() as stuck:
        stuck.grow(9, Kind.CLIP)
        clock.seconds += 25.0
        with pytest.raises(OverloadedError) as caught, admission.permit() as clip:
            clip.grow(2, Kind.CLIP)
        assert caught.value.retry_after_s == 25
        with pytest.raises(ZeroDivisionError), admission.permit() as slow:
            slow.rest()
            raise ZeroDivisionError
        assert (admission.retry_after_s(), admission.in_use) == (25, 9)
