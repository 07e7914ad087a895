"""Error rates at one threshold, with their uncertainty.

By analogy with ISO/IEC 30107-3: APCER is the share of fakes of one method called real, BPCER the
share of reals called fake. Scores equal to the threshold count as fake.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of independent trials: `errors` of `count`, at least one.

    low, high: exact 95 % interval (Clopper and Pearson, Biometrika 1934).
    """

    errors: int
    count: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, wrong: NDArray[np.bool_]) -> "Rate":
        """From one flag per trial. Raises ValueError when there is none."""
        if not len(wrong):
            raise ValueError("a rate needs at least one trial")
        errors, count = int(wrong.sum()), len(wrong)
        interval = binomtest(errors, count).proportion_ci(0.95, method="exact")
        return cls(errors, count, errors / count, float(interval.low), float(interval.high))

    def to_dict(self) -> dict[str, float]:
        """A JSON-ready copy."""
        return asdict(self)


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

    def to_dict(self) -> dict[str, object]:
        """A JSON-ready copy."""
        return asdict(self)


def errors_at(threshold: float, fake: Scores, methods: NDArray[np.str_], real: Scores) -> ErrorsAt:
    """Errors of fakes (N,) with the name of each one's method (N,), and of reals (M,)."""
    wrong = fake < threshold
    alarm = real >= threshold
    missed, bpcer = Rate.of(wrong), Rate.of(alarm)
    return ErrorsAt(
        threshold=threshold,
        apcer={str(name): Rate.of(wrong[methods == name]) for name in np.unique(methods)},
        missed=missed,
        bpcer=bpcer,
        hter=(missed.rate + bpcer.rate) / 2,
        accuracy=1 - (missed.errors + bpcer.errors) / (missed.count + bpcer.count),
    )
