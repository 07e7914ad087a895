"""Intervals of the area under the ROC, against what is known of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.metrics.curves import area_under_roc
from model_export.metrics.resampling import Trials, area, area_gained


def normal(
    rng: np.random.Generator, count: int, apart: float, copies: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    fake = np.arange(2 * count) < count
    scores = rng.normal(size=2 * count) + apart * fake
    kin = np.array([f"clip {number}" for number in range(2 * count)])
    return np.repeat(scores, copies), np.repeat(fake, copies), np.repeat(kin, copies)


def test_the_figure_is_the_area_under_the_roc() -> None:
    scores, fake, kin = normal(np.random.default_rng(1), 50, 1.0)
    scores = scores.round(1)
    assert area(Trials(scores, fake, kin)).value == pytest.approx(
        area_under_roc(scores[fake], scores[~fake])
    )


def test_the_interval_is_as_wide_as_the_figure_scatters() -> None:
    rng = np.random.default_rng(2)
    found = [area(Trials(*normal(rng, 40, 1.0))) for _ in range(40)]
    scatter = np.std([each.value for each in found])
    width = np.mean([each.high - each.low for each in found])
    assert width == pytest.approx(2 * 1.96 * scatter, rel=0.3)
    true = 0.7602  # Phi(1 / sqrt 2)
    assert np.mean([each.low <= true <= each.high for each in found]) >= 0.85


def test_frames_of_one_clip_tell_no_more_than_one_of_them() -> None:
    one = area(Trials(*normal(np.random.default_rng(3), 30, 1.0)))
    many = area(Trials(*normal(np.random.default_rng(3), 30, 1.0, copies=16)))
    assert many.value == pytest.approx(one.value)
    assert (many.low, many.high) == pytest.approx((one.low, one.high))


def test_what_is_hard_for_both_is_no_difference_between_them() -> None:
    rng = np.random.default_rng(4)
    scores, fake, kin = normal(rng, 40, 1.0)
    better = Trials(scores + 0.3 * fake + 0.05 * rng.normal(size=len(fake)), fake, kin)
    alone, gained = area(better), area_gained(Trials(scores, fake, kin), better)
    assert gained.value == pytest.approx(alone.value - area(Trials(scores, fake, kin)).value)
    assert 0 < gained.low < gained.value < gained.high
    assert gained.high - gained.low < (alone.high - alone.low) / 2


def test_one_is_no_better_than_itself() -> None:
    trials = Trials(*normal(np.random.default_rng(5), 20, 0.5))
    same = area_gained(trials, trials)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_other_trials_are_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match="the same trials"):
        area_gained(Trials(*normal(rng, 20, 1.0)), Trials(*normal(rng, 21, 1.0)))
