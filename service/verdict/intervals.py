"""When a face is manipulated."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a clip, in seconds from its start."""

    start_s: float
    end_s: float


def stretches(times_s: Sequence[float], duration_s: float) -> list[Interval]:
    """What each analysed frame stands for: half-way to the analysed frames beside it.

    times_s: of the analysed frames, rising. The first reaches back to the clip's start, the
    last to its end.
    """
    middles = [(before + after) / 2 for before, after in pairwise(times_s)]
    edges = [0.0, *middles, max(duration_s, *times_s)]
    return [Interval(start_s, end_s) for start_s, end_s in pairwise(edges)]


def smooth(logits: Sequence[float]) -> list[float]:
    """Each logit replaced by the median of itself and its two neighbours.

    What shows in one analysed frame only vanishes, and what lasts for two in a row keeps its
    edges. The first and the last stay as they are: what they show may have begun before the
    clip, or go on after it.
    """
    if len(logits) < 3:
        return list(logits)
    inner = [sorted(logits[place : place + 3])[1] for place in range(len(logits) - 2)]
    return [logits[0], *inner, logits[-1]]


def manipulated_intervals(
    seen: Sequence[Interval], logits: Sequence[float], threshold: float
) -> tuple[Interval, ...]:
    """The intervals in which one track is manipulated.

    seen: the stretches of the analysed frames the face was seen in, in order of time.
    logits: calibrated, one for each; from `threshold` on a smoothed one counts as manipulated.
    Manipulated frames that follow one another make one interval, also across frames in which
    the face was not found: a tracker gives up long before such a gap means anything.
    """
    intervals: list[Interval] = []
    extends = False
    for stretch, level in zip(seen, smooth(logits), strict=True):
        if level >= threshold:
            start_s = intervals.pop().start_s if extends else stretch.start_s
            intervals.append(Interval(start_s, stretch.end_s))
        extends = level >= threshold
    return tuple(intervals)
