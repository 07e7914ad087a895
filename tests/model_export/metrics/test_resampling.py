"""Intervals of the area under the ROC, against what is known of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.metrics.curves import area_under_roc
from model_export.metrics.resampling import LEAST_GROUPS, Estimate, Trials, area, area_gained

TRUE_AREA = 0.7602
"""Of normal scores one deviation apart: Phi(1 / sqrt 2)."""


def normal(rng: np.random.Generator, count: int, apart: float = 1.0, copies: int = 1) -> Trials:
    fake = np.arange(2 * count) < count
    scores = rng.normal(size=2 * count) + apart * fake
    kin = np.array([f"clip {number}" for number in range(2 * count)])
    return Trials(np.repeat(scores, copies), np.repeat(fake, copies), np.repeat(kin, copies))


def ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.interval is not None
    return estimate.interval


def width(estimate: Estimate) -> float:
    low, high = ends(estimate)
    return high - low


def paired(scores: NDArray[np.float64], fake: NDArray[np.bool_]) -> Trials:
    """Each real with the fake made of it."""
    kin = np.array([f"pair {number}" for number in range(len(fake) // 2)])
    return Trials(scores, fake, np.concatenate((kin, kin)))


def test_the_figure_is_the_area_under_the_roc() -> None:
    trials = normal(np.random.default_rng(1), 50)
    scores = trials.scores.round(1)
    assert area(Trials(scores, trials.fake, trials.kin)).value == pytest.approx(
        area_under_roc(scores[trials.fake], scores[~trials.fake])
    )


@pytest.mark.parametrize("count", [LEAST_GROUPS, 40])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(count: int) -> None:
    rng = np.random.default_rng(2)
    found = [area(normal(rng, count)) for _ in range(60)]
    holds = [low <= TRUE_AREA <= high for low, high in map(ends, found)]
    assert np.mean(holds) >= 0.85
    scatter = np.std([each.value for each in found])
    assert np.mean([*map(width, found)]) == pytest.approx(2 * 1.96 * scatter, rel=0.3)


def test_frames_of_one_clip_tell_no_more_than_one_of_them() -> None:
    one = area(normal(np.random.default_rng(3), 30))
    many = area(normal(np.random.default_rng(3), 30, copies=16))
    assert many.value == pytest.approx(one.value)
    assert ends(many) == pytest.approx(ends(one))


def test_a_real_and_its_fake_are_drawn_together() -> None:
    rng = np.random.default_rng(7)
    alone = normal(rng, 40)
    # What is hard about a picture is hard about its fake: their order is surer than that of others.
    scores = np.concatenate((alone.scores[:40], alone.scores[:40] - 1.0))
    together = area(paired(scores, alone.fake))
    apart = area(Trials(scores, alone.fake, alone.kin))
    assert together.value == apart.value
    assert width(together) < 0.75 * width(apart)


def test_what_is_hard_for_both_is_no_difference_between_them() -> None:
    rng = np.random.default_rng(4)
    before = normal(rng, 40)
    scores = before.scores + 0.3 * before.fake + 0.05 * rng.normal(size=80)
    after = Trials(scores, before.fake, before.kin)
    gained = area_gained(before, after)
    assert gained.value == pytest.approx(area(after).value - area(before).value)
    low, high = ends(gained)
    assert 0 < low < gained.value < high
    assert width(gained) < width(area(after)) / 2
    lost = area_gained(after, before)
    assert (lost.value, *ends(lost)) == pytest.approx((-gained.value, -high, -low))


def test_one_is_no_better_than_itself() -> None:
    trials = normal(np.random.default_rng(5), 20)
    assert area_gained(trials, trials) == Estimate(0.0, (0.0, 0.0))


def test_too_few_and_too_clear_have_no_interval() -> None:
    few = normal(np.random.default_rng(6), LEAST_GROUPS - 1, copies=16)
    assert area(few).interval is None
    assert area_gained(few, few) == Estimate(0.0, None)
    uneven = normal(np.random.default_rng(6), 40)
    kept = np.arange(80) < 40 + LEAST_GROUPS - 1
    assert area(Trials(uneven.scores[kept], uneven.fake[kept], uneven.kin[kept])).interval is None
    clear = normal(np.random.default_rng(6), 40, apart=40.0)
    assert area(clear) == Estimate(1.0, None)
    assert area(Trials(-clear.scores, clear.fake, clear.kin)) == Estimate(0.0, None)


def test_other_trials_and_single_classes_are_refused() -> None:
    rng = np.random.default_rng(6)
    trials = normal(rng, 20)
    others = Trials(trials.scores, trials.fake, trials.kin[::-1])
    for other in (others, normal(rng, 21)):
        with pytest.raises(ValueError, match="the same trials"):
            area_gained(trials, other)
    fakes = Trials(trials.scores[:20], trials.fake[:20], trials.kin[:20])
    with pytest.raises(ValueError, match="fakes and reals"):
        area(fakes)
    with pytest.raises(ValueError, match="fakes and reals"):
        area_gained(fakes, fakes)
