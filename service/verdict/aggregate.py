"""One logit for a face seen in several frames."""

from collections.abc import Sequence

import numpy as np

_SHARE = 4
_LEAST = 2


def track_logit(logits: Sequence[float], seconds: Sequence[float] | None = None) -> float:
    """The highest mean of neighbouring frames, a quarter of the track but at least two long.

    logits: calibrated, in order of time, at least one. seconds: how long a stretch of the clip
    each stands for, at least 0; by default all for the same. A manipulation often shows for a part
    of a clip only, so a mean over all of it dilutes it; the maximum alone would believe a single
    unlucky frame. `tests/benchmarks/aggregation.py` measures the choice. A picture's one logit
    stays as it is.
    """
    count = len(logits)
    weights = np.ones(count) if seconds is None else np.asarray(seconds, np.float64)
    if not weights.sum() > 0:
        weights = np.ones(count)
    ends = np.concatenate([[0.0], np.cumsum(weights)])
    sums = np.concatenate([[0.0], np.cumsum(weights * logits)])
    # A quarter of the frames, or what lasts as long: a still may be most of a clip.
    quarter = (count // _SHARE) / count * ends[-1]
    first = np.arange(count)
    # Rounding must not make a run longer where all weigh the same.
    last = np.searchsorted(ends, ends[:-1] + quarter * (1 - 1e-9), side="left")
    last = np.maximum(last, first + min(_LEAST, count))
    whole = last <= count
    first, last = first[whole], last[whole]
    held = ends[last] - ends[first]
    means = (sums[last] - sums[first])[held > 0] / held[held > 0]
    return float(means.max())
