"""Which frames are looked at."""

from itertools import accumulate

import numpy as np
import pytest

from service.errors import MediaTooLargeError
from service.media.limits import MediaLimits
from service.media.sampling import at_key_frames, check_length, sampled


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


def test_what_a_still_leaves_over_is_taken_evenly() -> None:
    times = [0.0, *(60 + np.arange(9) / 10)]
    assert sampled(times, 61.0, 4) == [0, 2, 5, 8]


def test_a_frame_that_appears_just_at_the_moment_is_on_screen() -> None:
    times = [*accumulate([0.1] * 5, initial=0.0)]
    assert times[3] > 0.3, "times are sums"
    assert sampled(times, 0.6, 1) == [3]


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


def test_a_key_frame_stands_in_for_the_chosen_frame_nearest_to_it() -> None:
    times = (np.arange(100) / 25).tolist()
    chosen = sampled(times, 4.0, 4)
    assert at_key_frames(chosen, times, 4.0, [0, 25, 50, 75]) == [0, 25, 50, 75]
    assert at_key_frames(chosen, times, 4.0, [0]) == [0, 37, 62, 87]
    # Two in one stretch: the nearer one; all of them: those chosen anyway.
    assert at_key_frames(chosen, times, 4.0, [30, 40]) == [12, 40, 62, 87]
    assert at_key_frames(chosen, times, 4.0, range(100)) == chosen
    assert at_key_frames(chosen, times, 4.0, []) == chosen


def test_a_key_frame_over_a_second_away_is_left_alone() -> None:
    times = (np.arange(1000) / 25).tolist()
    assert at_key_frames([500], times, 40.0, [475]) == [475]
    assert at_key_frames([500], times, 40.0, [474, 526]) == [500]


def test_a_still_is_not_exchanged_for_what_moves_before_it() -> None:
    times = [*(np.arange(50) / 25), 2.0, *(62.0 + np.arange(50) / 25)]
    assert at_key_frames([50], times, 64.0, [48]) == [50]
    assert at_key_frames([49], times, 64.0, [48]) == [48]
    # But a moving frame may be, for a still.
    assert at_key_frames([49], times, 64.0, [50]) == [50]


def test_a_key_frame_is_shown_for_at_least_half_as_long() -> None:
    assert at_key_frames([0], [0.0, 0.5, 0.75], 1.0, [1]) == [1]
    assert at_key_frames([0], [0.0, 0.5, 0.74], 1.0, [1]) == [0]
    # The last frame stays until the end; the one before it does not.
    assert at_key_frames([0], [0.0, 0.5, 0.54], 10.0, [1]) == [0]
    assert at_key_frames([0], [0.0, 0.5, 0.54], 10.0, [2]) == [2]


@pytest.mark.parametrize("seed", range(20))
def test_each_stretch_keeps_one_frame_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.01, 0.2, 300))
    times -= times[0]
    chosen = sampled(times.tolist(), float(times[-1]) + 0.1, int(rng.integers(1, 40)))
    keys = np.flatnonzero(rng.random(300) < rng.uniform(0, 0.5))
    found = at_key_frames(chosen, times.tolist(), float(times[-1]) + 0.1, keys.tolist())
    assert len(found) == len(chosen)
    assert found == sorted({*found})
    for old, new in zip(chosen, found, strict=True):
        assert new == old or new in keys
        assert abs(times[new] - times[old]) <= 1.0
        nearest = min(abs(times[other] - times[new]) for other in chosen)
        assert abs(times[old] - times[new]) == pytest.approx(nearest)


def test_near_is_meant_in_time_where_the_frame_rate_varies() -> None:
    """A second of ten frames, then one of a hundred."""
    times = [*(np.arange(10) / 10), *(1 + np.arange(100) / 100)]
    # The frames at 0.5 and 1.5 seconds; the one at 0.9 is nearer to the first, not by its number.
    assert at_key_frames([5, 60], times, 2.0, [9]) == [9, 60]
    assert at_key_frames([5, 60], times, 2.0, [11]) == [5, 11]


def test_a_clip_may_be_as_long_as_the_limits_say_and_no_longer() -> None:
    limits = MediaLimits(max_duration_s=5, max_frames_total=10)
    check_length(10, 5.0, limits)
    for frames, seconds, limit in ((11, 5.0, "frames"), (10, 5.01, "duration")):
        with pytest.raises(MediaTooLargeError) as caught:
            check_length(frames, seconds, limits)
        assert caught.value.limit == limit
