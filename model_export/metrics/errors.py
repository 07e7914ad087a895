"""Error rates at one threshold, with their uncertainty.

By analogy with ISO/IEC 30107-3: APCER is the share of fakes of one method called real, BPCER the
share of reals called fake. Scores equal to the threshold count as fake.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, t

Scores = NDArray[np.float64]
Kin = NDArray[np.str_]
TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of trials: `errors` of `count`, at least one.

    low, high: 95 % interval. Of independent trials it is the exact one (Clopper and Pearson,
    Biometrika 1934). Frames of one clip are wrong together: where trials are kin, it is as wide
    as for the smaller number of independent trials that would tell as much (Korn and Graubard,
    Survey Methodology 1998). Where none is wrong, or all are, kin count as one trial: nothing
    shows there how much they differ.
    """

    errors: int
    count: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, wrong: NDArray[np.bool_], kin: Kin | None = None) -> "Rate":
        """From one flag per trial, and what those that are not independent have in common.

        Raises ValueError when there is none.
        """
        if not len(wrong):
            raise ValueError("a rate needs at least one trial")
        errors, count = int(wrong.sum()), len(wrong)
        rate = errors / count
        trials = float(count) if kin is None else _independent_trials(wrong, kin)
        low = beta.ppf(TAIL, rate * trials, (1 - rate) * trials + 1) if errors else 0.0
        high = beta.ppf(1 - TAIL, rate * trials + 1, (1 - rate) * trials) if rate < 1 else 1.0
        return cls(errors, count, rate, float(low), float(high))


def _independent_trials(wrong: NDArray[np.bool_], kin: Kin) -> float:
    """How many independent trials would leave the rate as uncertain; at most as many as there are.

    The variance of the rate between groups of kin, against that of as many independent trials.
    """
    _, member = np.unique(kin, return_inverse=True)
    sizes = np.bincount(member)
    groups, count = len(sizes), len(wrong)
    rate = wrong.mean()
    if groups == 1 or rate in (0, 1):
        return float(groups)
    off = np.bincount(member, wrong) - rate * sizes
    variance = groups / (groups - 1) * float(off @ off) / count**2
    effect = variance / (rate * (1 - rate) / (count - 1))
    # A variance out of a few groups is itself uncertain.
    doubt = t.ppf(1 - TAIL, groups - 1) / t.ppf(1 - TAIL, count - 1)
    return float(min(count, count / effect / doubt**2)) if effect else float(count)


@dataclass(frozen=True, slots=True)
class ErrorsAt:
    """Errors at one threshold.

    apcer: per method, by name; bpcer: of all reals; hter: half the sum of the share of all
    fakes missed and of the bpcer; accuracy: share of all crops on the right side.
    """

    threshold: float
    apcer: dict[str, Rate]
    missed: Rate
    bpcer: Rate
    hter: float
    accuracy: float


def errors_at(
    threshold: float,
    fake: Scores,
    methods: NDArray[np.str_],
    real: Scores,
    *,
    fake_kin: Kin,
    real_kin: Kin,
) -> ErrorsAt:
    """Errors of fakes (N,) with the name of each one's method (N,), and of reals (M,).

    fake_kin, real_kin: (N,) and (M,), see `Rate.of`.
    """
    wrong = fake < threshold
    alarm = real >= threshold
    missed, bpcer = Rate.of(wrong, fake_kin), Rate.of(alarm, real_kin)
    apcer = {
        str(name): Rate.of(wrong[methods == name], fake_kin[methods == name])
        for name in np.unique(methods)
    }
    return ErrorsAt(
        threshold=threshold,
        apcer=apcer,
        missed=missed,
        bpcer=bpcer,
        hter=(missed.rate + bpcer.rate) / 2,
        accuracy=1 - (missed.errors + bpcer.errors) / (missed.count + bpcer.count),
    )
