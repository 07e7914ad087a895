"""How far an area under the ROC could be otherwise on other data of the same kind.

The bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): trials are
drawn anew, with replacement, and the middle 95 % of what comes of it is the interval. Kin are drawn
together: frames of one clip, or a real and the fakes made of it, are no independent trials.
Where kin are few, such intervals are too narrow; below LEAST_GROUPS there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEAST_GROUPS = 10
"""Of kin, among the fakes and among the reals: with fewer, intervals miss the truth far oftener."""
_SEED = 0
_MIDDLE = (0.025, 0.975)
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trials:
    """N trials of a detector.

    scores: float64 (N,), higher means fake; fake: bool (N,), fakes and reals among them;
    kin: text (N,), what those that are not independent have in common.
    """

    scores: NDArray[np.float64]
    fake: NDArray[np.bool_]
    kin: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval, low and high.

    There is no interval where kin are too few, or where every fake ranks above every real, or
    below: nothing shows there how uncertain that is. Near that, of few trials, intervals are too
    narrow: where the truth is 0.99, those of 47 fakes and 37 reals hold it four times of five.
    """

    value: float
    interval: tuple[float, float] | None


def area(trials: Trials) -> Estimate:
    """The area under the ROC. Raises ValueError where a class is missing."""
    _expect_both(trials)
    ranks = _ranks(trials)
    value = _area(ranks, trials.fake, np.ones(len(ranks)))
    if _too_few(trials) or value in (0, 1):
        return Estimate(value, None)
    return Estimate(value, _middle([_area(ranks, trials.fake, each) for each in _draws(trials)]))


def area_gained(before: Trials, after: Trials) -> Estimate:
    """By how much the area of `after` is larger than that of `before`, on the same trials.

    Both are taken from the same draws: what is hard for both is no difference between them.
    Raises ValueError where the trials are not the same, or a class is missing.
    """
    _expect_both(before)
    same = np.array_equal(before.fake, after.fake) and np.array_equal(before.kin, after.kin)
    if not same:
        raise ValueError("two detectors can be compared on the same trials only")
    old, new = _ranks(before), _ranks(after)

    def gained(weights: Weights) -> float:
        return _area(new, after.fake, weights) - _area(old, before.fake, weights)

    value = gained(np.ones(len(old)))
    if _too_few(before):
        return Estimate(value, None)
    return Estimate(value, _middle([gained(weights) for weights in _draws(before)]))


def _expect_both(trials: Trials) -> None:
    if not trials.fake.any() or trials.fake.all():
        raise ValueError("an area under the ROC needs fakes and reals")


def _too_few(trials: Trials) -> bool:
    classes = (trials.kin[trials.fake], trials.kin[~trials.fake])
    return min(len(np.unique(kin)) for kin in classes) < LEAST_GROUPS


def _draws(trials: Trials) -> Iterator[Weights]:
    """How often each trial is drawn, again and again; float64 (N,), both classes among them."""
    groups, member = np.unique(trials.kin, return_inverse=True)
    rng = np.random.default_rng(_SEED)
    even = np.full(len(groups), 1 / len(groups))
    for _ in range(RESAMPLES):
        weights = rng.multinomial(len(groups), even)[member].astype(np.float64)
        if weights[trials.fake].any() and weights[~trials.fake].any():
            yield weights


def _ranks(trials: Trials) -> NDArray[np.intp]:
    return np.unique(trials.scores, return_inverse=True)[1]


def _area(ranks: NDArray[np.intp], fake: NDArray[np.bool_], weights: Weights) -> float:
    """See `curves.area_under_roc`, of trials that count `weights` times each."""
    at = np.bincount(ranks[~fake], weights[~fake], int(ranks.max()) + 1)
    below = np.cumsum(at) - at
    counts, place = weights[fake], ranks[fake]
    return float(counts @ (below[place] + 0.5 * at[place]) / (counts.sum() * at.sum()))


def _middle(drawn: list[float]) -> tuple[float, float]:
    low, high = np.quantile(drawn, _MIDDLE)
    return float(low), float(high)
