"""When a face is manipulated."""

from collections.abc import Sequence

from service.faces.extraction import Extraction
from service.media.stretches import Interval, stretches

_MISSED_S = 2.0
"""For so long a face may go unnoticed; for longer, it was not there."""


def stretches_of(extraction: Extraction) -> dict[int, Interval]:
    """For each analysed frame, by its index, the part of the clip that it stands for."""
    shown = [Interval(time_s, until_s) for _, time_s, until_s in extraction.frames]
    spans = stretches(shown, extraction.media.duration_s or 0.0)
    return {index: span for (index, _, _), span in zip(extraction.frames, spans, strict=True)}


def smooth(logits: Sequence[float], seconds: Sequence[float]) -> list[float]:
    """Each logit replaced by the median of itself and its two neighbours.

    seconds: how long a stretch each stands for, by which they weigh. What shows in one analysed
    frame only vanishes, but where that stands for more than both its neighbours; what lasts for
    two in a row keeps its edges. The first and the last stay as they are: what they show may have
    begun before the clip, or go on after it.
    """
    if len(logits) < 3:
        return list(logits)
    inner = [
        logits[place]
        if seconds[place] > seconds[place - 1] + seconds[place + 1]
        else sorted(logits[place - 1 : place + 2])[1]
        for place in range(1, len(logits) - 1)
    ]
    return [logits[0], *inner, logits[-1]]


def manipulated_intervals(
    seen: Sequence[Interval], logits: Sequence[float], threshold: float
) -> tuple[Interval, ...]:
    """The intervals in which one track is manipulated.

    seen: the stretches of the analysed frames the face was seen in, in order of time.
    logits: calibrated, one for each; from `threshold` on a smoothed one counts as manipulated.
    Manipulated frames that follow one another make one interval, also across a moment in which
    the face was not found.
    """
    intervals: list[Interval] = []
    extends = False
    levels = smooth(logits, [stretch.seconds for stretch in seen])
    for stretch, level in zip(seen, levels, strict=True):
        if level >= threshold:
            near = extends and stretch.start_s - intervals[-1].end_s <= _MISSED_S
            start_s = intervals.pop().start_s if near else stretch.start_s
            intervals.append(Interval(start_s, stretch.end_s))
        extends = level >= threshold
    return tuple(intervals)
