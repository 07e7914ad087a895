"""What each analysed frame of a clip stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a clip, in seconds from its start."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Stretch(Interval):
    """What an analysed frame stands for. shown_s: how long that itself is on screen."""

    shown_s: float = 0.0


def stretches(shown: Sequence[Interval], duration_s: float) -> list[Stretch]:
    """What each analysed frame stands for: half-way to the analysed frames beside it.

    shown: when each of them is on screen, rising; half-way is counted from where that ends, so
    that a still stands for all of its time. The first reaches back to the clip's start, the last
    to its end.
    """
    middles = [(before.end_s + after.start_s) / 2 for before, after in pairwise(shown)]
    edges = [0.0, *middles, max([duration_s, *(each.end_s for each in shown)])]
    return [
        Stretch(start_s, end_s, each.seconds)
        for (start_s, end_s), each in zip(pairwise(edges), shown, strict=True)
    ]
