"""Which frames are looked at."""

import numpy as np
import pytest

from service.media.sampling import sampled


def test_steady_frames_are_taken_in_the_middle_of_equal_stretches() -> None:
    assert sampled((np.arange(100) / 25).tolist(), 4.0, 4) == [12, 37, 62, 87]


@pytest.mark.parametrize("count", [5, 6, 100])
def test_of_few_frames_all_are_taken(count: int) -> None:
    assert sampled([0.0, 0.1, 5.0, 5.1, 60.0], 60.1, count) == [0, 1, 2, 3, 4]


def test_what_a_still_leaves_over_goes_to_the_frames_shown_for_short() -> None:
    """Two seconds that move on either side of a minute that stands still."""
    before = np.arange(50) / 25
    times = [*before, 2.0, *(62.0 + before)]
    chosen = sampled(times, 64.0, 16)
    assert len(chosen) == 16
    assert 50 in chosen
    assert np.diff(chosen).max() <= 10
    assert chosen[0] < 5
    assert chosen[-1] > 95


@pytest.mark.parametrize("seed", range(20))
def test_the_frames_on_screen_are_always_among_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = rng.exponential(1.0, 200) ** 3
    times, seconds = np.cumsum(steps) - steps[0], float(steps.sum())
    count = int(rng.integers(1, 64))
    chosen = sampled(times.tolist(), seconds, count)
    middles = (np.arange(count) + 0.5) * seconds / count
    assert {*np.searchsorted(times, middles, side="right") - 1} <= {*chosen}
    assert len(chosen) == len({*chosen}) == count
    assert chosen == sorted(chosen)
