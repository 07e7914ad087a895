"""Decision thresholds that follow from a stated policy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

ROUNDING = 1e-5
"""The service compares in float32, and an exported file differs from its checkpoint by less: what
lies just on one side of a threshold here must not lie on the other there."""
_TAIL = 0.1
"""Share of the reals whose logits tell how these fall off: of half as many, one person's pictures
still decide."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verdicts promise on validation data.

    bpcer: largest share of reals called manipulated. missed: largest share of fakes called
    authentic. method_accuracy: least accuracy of the methods that are named. A verdict never
    contradicts its own probability: `manipulated` needs P >= 0.5, `authentic` P <= 0.5.
    mask_level: grey level, 1 to 255, from which a pixel of a mask is shown as manipulated; it is
    chosen, not fitted. None keeps what there is.
    looks: 2 has crops judged again as their mirror image, those aside that the first look shows
    to be authentic: see `service.inference.second_look`.
    """

    bpcer: float = 0.01
    missed: float = 0.05
    method_accuracy: float = 0.9
    mask_level: int | None = None
    looks: int = 1


def verdict_thresholds(fake: Values, real: Values, policy: Policy) -> tuple[float, float]:
    """(manipulated, authentic) from P(fake) of fakes (N,) and reals (M,)."""
    ordered = np.sort(real)[::-1]
    allowed = ordered[min(_within(policy.bpcer, len(real)), len(real) - 1)]
    manipulated = min(max(float(allowed) + ROUNDING, 0.5), 1.0)
    authentic = max(min(below_most(fake, policy), 0.5), 0.0)
    return manipulated, authentic


def mean_excess(real: Values, policy: Policy) -> float:
    """By how much the highest logits of reals (M,) exceed the next in the mean; 0 where none are.

    The highest: as many as the policy lets be called manipulated, and a tenth at least. M: at least
    1. See `manipulated_among` in service.verdict.calibration.
    """
    ordered = np.sort(real)[::-1]
    least = min(_within(max(policy.bpcer, _TAIL), len(real)), len(real) - 1)
    return float(ordered[:least].mean() - ordered[least]) if least else 0.0


def below_most(fake: Values, policy: Policy) -> float:
    """A value that the policy's share of fakes, (N,) with N at least 1, is not above."""
    first_missed = np.sort(fake)[min(_within(policy.missed, len(fake)), len(fake) - 1)]
    return float(first_missed) - ROUNDING


def method_threshold(best: Values, right: NDArray[np.bool_], policy: Policy) -> float:
    """Least max-probability from which the named methods are right often enough.

    best: largest method probability of each fake (N,); right: whether it names the true
    method. 1.0, which names next to nothing, where no threshold reaches the policy's accuracy.
    """
    order = np.argsort(-best)
    ordered = best[order]
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal ones are named together: only after the last of them is it known how many are right.
    whole = np.append(ordered[1:] != ordered[:-1], True)
    good = np.flatnonzero((accuracy >= policy.method_accuracy) & whole)
    return float(ordered[good[-1]]) if len(good) else 1.0


def _within(share: float, count: int) -> int:
    # 0.57 of 100 is 57, though their product as floats is a little less.
    return int(share * count + 1e-9)
