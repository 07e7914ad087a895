"""Curves over all thresholds, and the single figures read off them.

Everywhere: `fake` and `real` are float64 scores of fakes (N,) and reals (M,), both not empty;
higher means fake, and a score equal to the threshold counts as fake.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Roc:
    """The receiver operating characteristic, by falling threshold.

    thresholds: float64 (K,), the first above every score. alarms: share of reals called fake
    (BPCER); misses: share of fakes called real, of all methods together (APCER is that of one).
    Both in [0, 1].
    """

    thresholds: Scores
    alarms: Scores
    misses: Scores


def roc_curve(fake: Scores, real: Scores) -> Roc:
    """Error rates at every threshold that changes one. Raises ValueError when a side is empty."""
    if not len(fake) or not len(real):
        raise ValueError("a curve needs fakes and reals")
    thresholds = np.unique(np.concatenate((fake, real)))[::-1]
    thresholds = np.concatenate(([np.inf], thresholds))
    misses = np.searchsorted(np.sort(fake), thresholds, side="left") / len(fake)
    # Counted first: 1 - 0.95 is more than 0.05, and one alarm of twenty is not.
    alarms = (len(real) - np.searchsorted(np.sort(real), thresholds, side="left")) / len(real)
    return Roc(thresholds, alarms, misses)


def equal_error(fake: Scores, real: Scores) -> tuple[float, float]:
    """(rate, threshold) where misses and false alarms are equal, or closest to it."""
    roc = roc_curve(fake, real)
    crossing = int(np.argmin(np.abs(roc.misses - roc.alarms)))
    rate = float((roc.misses[crossing] + roc.alarms[crossing]) / 2)
    return rate, float(min(roc.thresholds[crossing], roc.thresholds[1]))


def equal_error_rate(fake: Scores, real: Scores) -> float:
    """Error rate where misses and false alarms are equal, 0 to 1."""
    return equal_error(fake, real)[0]


def area_under_roc(fake: Scores, real: Scores) -> float:
    """Probability that a fake ranks above a real, ties counting half."""
    order = np.sort(real)
    below = np.searchsorted(order, fake, side="left")
    equal = np.searchsorted(order, fake, side="right") - below
    return float((below + 0.5 * equal).mean() / len(real))


def found_at_alarm_rate(fake: Scores, real: Scores, alarm_rate: float) -> float:
    """Largest share of fakes found while at most `alarm_rate` of the reals are called fake."""
    roc = roc_curve(fake, real)
    return float(1 - roc.misses[roc.alarms <= alarm_rate].min())


def normal_deviates(rates: Scores, count: int) -> Scores:
    """Rates on the axis of a DET plot (Martin et al., Eurospeech 1997).

    Rates of 0 and 1 have no place on it: they are drawn at half an error of `count` trials.
    """
    least = 0.5 / count
    return np.asarray(norm.ppf(np.clip(rates, least, 1 - least)), np.float64)
