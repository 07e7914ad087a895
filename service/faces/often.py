"""Whether something holds of a face for long enough to go by."""

from collections.abc import Sequence
from itertools import groupby

_ROUNDING = 1e-9


def often(frames: Sequence[bool], others: int = 0) -> bool:
    """Whether it holds in half of a face's frames, or in a quarter of them in a row.

    frames: in order of time, whether it holds. others: frames of the same face beside these, of
    which it is not known.
    """
    count = len(frames) + others
    if 2 * sum(frames) >= count:
        return True
    longest = max((len([*run]) for holds, run in groupby(frames) if holds), default=0)
    return longest >= max(1, -(-count // 4))


def lasting(frames: Sequence[bool], seconds: Sequence[float]) -> bool:
    """Whether it holds for half of a face's time, or for a quarter of that in a row.

    frames: in order of time, whether it holds. seconds: how long each lasts; where none does, all
    count alike. Time tells, as encoders make one frame of many that are alike.
    """
    weights = seconds if any(seconds) else [1.0] * len(seconds)
    timed = [*zip(frames, weights, strict=True)]
    runs = [
        sum(weight for _, weight in run)
        for holds, run in groupby(timed, key=lambda each: each[0])
        if holds
    ]
    # Rounding must not change what a quarter of frames that last alike is.
    most_s = (1.0 - _ROUNDING) * sum(weights)
    return 2 * sum(runs) >= most_s or 4 * max(runs, default=0.0) >= most_s
