"""Stills of a clip as the frames that a video would have in their place."""

from collections.abc import Sequence
from itertools import chain, pairwise, repeat
from typing import TypeVar

from service.media.stretches import Interval

_STILL_S = 0.25
"""On screen for so long a frame is a picture to whoever watches, and no glimpse of what moves."""
_PARTS = 16
"""As many frames of a clip are looked at by default."""

# Times that are told in milliseconds differ by their last bits.
_ROUNDING = 1e-6

_Value = TypeVar("_Value")


def parts(shown_s: Sequence[float], seconds: Sequence[float]) -> list[int]:
    """As how many frames each frame of a track counts, at least one.

    shown_s: how long each is itself on screen; seconds: how long a stretch of the clip it stands
    for. A still counts as often as a sixteenth of the track's time goes into its own: two stills
    show what sixteen equal frames would, and say the same.
    """
    part_s = sum(seconds) / _PARTS
    return [
        max(int(shown / part_s + _ROUNDING), 1)
        if shown > _STILL_S - _ROUNDING and part_s > 0
        else 1
        for shown in shown_s
    ]


def repeated(values: Sequence[_Value], counts: Sequence[int]) -> list[_Value]:
    """Each value as often as its frame counts."""
    return [*chain.from_iterable(map(repeat, values, counts))]


def divided(stretches: Sequence[Interval], counts: Sequence[int]) -> list[Interval]:
    """The stretches of frames in as many equal parts as they count."""
    return [
        Interval(start_s, end_s)
        for each, count in zip(stretches, counts, strict=True)
        for start_s, end_s in pairwise(
            [*(each.start_s + part * each.seconds / count for part in range(count)), each.end_s]
        )
    ]
