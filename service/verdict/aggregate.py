"""One logit for a face seen in several frames."""

from collections.abc import Sequence

import numpy as np

_SHARE = 4
_LEAST = 2


def track_logit(
    logits: Sequence[float], seconds: Sequence[float] | None = None, others: int = 0
) -> float:
    """The highest mean over a quarter of the track's time, or over two frames that last longer.

    logits: calibrated, in order of time, at least one. seconds: how long a stretch of the clip
    each stands for, at least 0; by default all for the same. The frames at both ends of the
    quarter count by what of them lies in it: a still that lasts would else drown what begins
    beside it. A manipulation often shows for a part of a clip only, so a mean over all of it
    dilutes it; the maximum alone would believe a single unlucky frame. others: frames of the same
    face beside these, of which nothing is known: the quarter is one of them all, or what there is.
    `tests/benchmarks/aggregation.py` measures the choice. A picture's one logit stays as it is.
    """
    count = len(logits)
    weights = np.ones(count) if seconds is None else np.asarray(seconds, np.float64)
    if not weights.sum() > 0:
        weights = np.ones(count)
    ends = np.concatenate([[0.0], np.cumsum(weights)])
    sums = np.concatenate([[0.0], np.cumsum(weights * logits)])
    least = min(_LEAST, count)
    held = ends[least:] - ends[:-least]
    # A quarter of the frames, at least two, or what lasts as long: a still may be most of a clip.
    quarter = min(max((count + others) // _SHARE, least), count) / count * ends[-1]
    # Rounding must not change how many frames a run holds where all weigh the same.
    margin = 1e-9 * ends[-1]
    if quarter > ends[-1] - margin:
        return float(sums[-1] / ends[-1])
    long = held > quarter - margin
    means = (sums[least:] - sums[:-least])[long] / held[long]
    # The mean is highest where the quarter begins or ends with a frame.
    begins = np.concatenate([ends[:-1], ends[1:] - quarter])
    begins = begins[(begins > -margin) & (begins + quarter < ends[-1] + margin)]
    first = np.searchsorted(ends, begins + margin, side="right") - 1
    last = np.searchsorted(ends, begins + quarter - margin, side="left")
    begins = begins[last - first >= least]
    gained = np.interp(begins + quarter, ends, sums) - np.interp(begins, ends, sums)
    return float(max([*means, *(gained / quarter)]))
