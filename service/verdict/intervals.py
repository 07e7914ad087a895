"""When a face is manipulated."""

from collections.abc import Sequence
from itertools import pairwise

from service.faces.extraction import Extraction
from service.media.stretches import Interval, Stretch, stretches
from service.verdict.stills import divided, parts, repeated

_MISSED_S = 2.0
"""For so long a face may go unnoticed; for longer, it was not there."""


def stretches_of(extraction: Extraction) -> dict[int, Stretch]:
    """For each analysed frame, by its index, the part of the clip that it stands for."""
    shown = [Interval(time_s, until_s) for _, time_s, until_s in extraction.frames]
    spans = stretches(shown, extraction.media.duration_s or 0.0)
    return {index: span for (index, _, _), span in zip(extraction.frames, spans, strict=True)}


def manipulated_intervals(
    stretches: Sequence[Stretch], logits: Sequence[float], threshold: float
) -> tuple[Interval, ...]:
    """The intervals in which one track is manipulated.

    stretches: of the analysed frames the face was seen in, in order of time; a still counts as
        the frames that a video would have in its place.
    logits: calibrated, one for each; from `threshold` on a frame looks manipulated.
    Each interval begins and ends with a frame that does. Those that follow one another make one,
    also across a moment in which the face was not found, or a single frame that looks authentic.
    """
    counts = parts([each.shown_s for each in stretches], [each.seconds for each in stretches])
    seen, high = divided(stretches, counts), repeated([x >= threshold for x in logits], counts)
    intervals: list[Interval] = []
    last: int | None = None
    for place in _lasting(seen, high):
        goes_on = last is not None and _go_together(seen, last, place)
        start_s = intervals.pop().start_s if goes_on else seen[place].start_s
        intervals.append(Interval(start_s, seen[place].end_s))
        last = place
    return tuple(intervals)


def _lasting(seen: Sequence[Interval], high: Sequence[bool]) -> list[int]:
    """Places of the frames that are high and not alone.

    What shows in one analysed frame only is noise more often than not, but where that stands for
    more than both its neighbours. The first and the last are believed: what they show may have
    begun before the clip, or go on after it.
    """
    ends = 0, len(high) - 1
    return [
        place
        for place, each in enumerate(high)
        if each and (place in ends or high[place - 1] or high[place + 1] or _outlasts(seen, place))
    ]


def _go_together(seen: Sequence[Interval], one: int, other: int) -> bool:
    """Whether what two lasting frames show is one thing: at most one frame between them differs."""
    near = all(
        after.start_s - before.end_s <= _MISSED_S
        for before, after in pairwise(seen[one : other + 1])
    )
    differing = other - one - 1
    return near and (not differing or (differing == 1 and not _outlasts(seen, one + 1)))


def _outlasts(seen: Sequence[Interval], place: int) -> bool:
    """Whether an inner frame stands for more than both its neighbours together."""
    return seen[place].seconds > seen[place - 1].seconds + seen[place + 1].seconds
