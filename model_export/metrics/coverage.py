"""What it buys to leave the doubtful undecided: risk against coverage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Decisions by falling certainty |P - 0.5|; equally certain ones share their errors evenly.

    coverage: share decided, float64 (N,), rising to 1; risk: share of wrong ones among them;
    area: mean risk over all coverages (Geifman and El-Yaniv, NeurIPS 2017).
    """

    coverage: Values
    risk: Values
    area: float


def risk_coverage(probabilities: Values, fake: NDArray[np.bool_]) -> RiskCoverage:
    """From P(fake) (N,) and the truth (N,). Raises ValueError when empty."""
    if not len(probabilities):
        raise ValueError("risk needs at least one decision")
    wrong = (probabilities >= 0.5) != fake
    _, place, sizes = np.unique(
        -np.abs(probabilities - 0.5), return_inverse=True, return_counts=True
    )
    wrong = np.repeat(np.bincount(place, wrong) / sizes, sizes)
    decided = np.arange(1, len(wrong) + 1)
    risk = np.cumsum(wrong) / decided
    return RiskCoverage(decided / len(wrong), risk, float(risk.mean()))


@dataclass(frozen=True, slots=True)
class Band:
    """The three verdicts, given two thresholds; shares from 0 to 1.

    decided: share of all crops with a verdict other than `inconclusive`.
    wrong: share of wrong verdicts among the decided, 0 where none is.
    """

    decided: float
    wrong: float
    fakes_called_authentic: float
    reals_called_manipulated: float


def band(
    probabilities: Values, fake: NDArray[np.bool_], authentic: float, manipulated: float
) -> Band:
    """Verdicts as the service gives them: P >= manipulated, else P <= authentic, else neither."""
    accused = probabilities >= manipulated
    cleared = (probabilities <= authentic) & ~accused
    decided = accused | cleared
    wrong = (accused & ~fake) | (cleared & fake)
    return Band(
        decided=float(decided.mean()),
        wrong=float(wrong.sum() / max(decided.sum(), 1)),
        fakes_called_authentic=float(cleared[fake].mean()) if fake.any() else 0.0,
        reals_called_manipulated=float(accused[~fake].mean()) if (~fake).any() else 0.0,
    )
