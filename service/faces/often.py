"""Whether something holds of a face for long enough to go by."""

from collections.abc import Sequence
from itertools import groupby


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
