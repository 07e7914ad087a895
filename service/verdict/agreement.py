"""How far the frames of one track agree with one another."""

from collections.abc import Sequence
from itertools import pairwise

# A clip manipulated for one stretch of its length turns twice: into the stretch and out of it.
_TURNS_OF_A_STRETCH = 2
# Frames that say nothing flip like coins: half of all turns possible, an agreement of 0.5.
LEAST_AGREEMENT = 0.75


def agreement(logits: Sequence[float], authentic: float, manipulated: float) -> float:
    """1 where a track's frames tell one story, down to 0 where each contradicts the one before.

    logits: calibrated, in order of time. Frames between the two thresholds (logits as well) take
    no side and are passed over. Of the times the others change sides two are free, because a
    clip may be manipulated for a stretch only; the share that the rest has of all changes that
    could have been is taken from 1. Up to three frames always agree.
    """
    sides = [value >= manipulated for value in logits if not authentic < value < manipulated]
    turns = sum(before != after for before, after in pairwise(sides))
    most = len(sides) - 1 - _TURNS_OF_A_STRETCH
    return 1.0 if most < 1 else 1.0 - max(turns - _TURNS_OF_A_STRETCH, 0) / most
