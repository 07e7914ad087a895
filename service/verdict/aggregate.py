"""One logit for a face seen in several frames."""

from collections.abc import Sequence


def track_logit(logits: Sequence[float]) -> float:
    """Mean of the upper half of a track's calibrated logits (at least one).

    A manipulation often shows in a part of a clip only, so the plain mean dilutes it; the
    maximum alone would believe a single unlucky frame. A picture's one logit stays as it is.
    """
    upper = sorted(logits, reverse=True)[: (len(logits) + 1) // 2]
    return sum(upper) / len(upper)
