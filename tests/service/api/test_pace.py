"""Refusals are sent at once, unless they are many."""

import pytest

from service.api.pace import Pace
from tests.service.inference.clock import Clock


def test_single_refusals_are_sent_at_once() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(200):
        assert pace.wait_s() == 0
        clock.seconds += 0.02


def test_a_flood_is_answered_a_hundred_times_a_second() -> None:
    pace = Pace(Clock())
    assert [pace.wait_s() for _ in range(4)] == pytest.approx([0, 0.01, 0.02, 0.03])


def test_nobody_is_held_back_for_longer_than_two_seconds() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5000):
        assert pace.wait_s() <= 2.0
        clock.seconds += 0.0002
    assert pace.wait_s() == pytest.approx(2.0)


def test_after_a_flood_refusals_are_quick_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5000):
        pace.wait_s()
    clock.seconds += 2.1
    assert pace.wait_s() == 0
