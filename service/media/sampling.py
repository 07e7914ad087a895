"""Which frames of something that moves are looked at."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from service.errors import MediaTooLargeError
from service.media.limits import MediaLimits

# Far less than any frame lasts: times are sums, and a moment may be just when a frame appears.
_SAME_S = 1e-6
_NEAR_S = 1.0
_AS_LONG = 0.5


def sampled(times: Sequence[float], seconds: float, count: int) -> list[int]:
    """Indices, rising, of the frames on screen in the middle of each of `count` equal stretches.

    times: when each frame appears, in seconds, rising, the first at 0; it stays until the next.
    seconds: how long all of it lasts. Where a frame is on screen in several of these moments, as
    many others are taken, evenly by their number: what is shown for short is looked at, too.
    Where there are at most `count` frames all of them are taken.
    """
    if len(times) <= count:
        return list(range(len(times)))
    middles = ((number + 0.5) * seconds / count for number in range(count))
    chosen = {max(bisect_right(times, middle + _SAME_S) - 1, 0) for middle in middles}
    others = [index for index in range(len(times)) if index not in chosen]
    left = count - len(chosen)
    evenly = {others[int((number + 0.5) * len(others) / left)] for number in range(left)}
    return sorted(chosen | evenly)


def at_key_frames(
    chosen: Sequence[int], times: Sequence[float], seconds: float, keys: Sequence[int]
) -> list[int]:
    """The chosen frames, each exchanged for the key frame next to it, where there is one.

    chosen: as `sampled` gives them. times, seconds: as it takes them. keys: indices, rising, of the
    frames that are stored by themselves. Taken is only a key frame that is nearer to this chosen
    frame than to another, appears at most a second before or after it, and is shown for at least
    half as long: a still is not exchanged for what moves beside it.
    WHY: codecs keep more of a key frame's detail than of the frames that they predict from it.
    """

    def lasts(index: int) -> float:
        return (times[index + 1] if index + 1 < len(times) else seconds) - times[index]

    def nearest(frame: int, before: int, last: int) -> int:
        found = [
            key
            for key in keys[bisect_right(keys, before) : bisect_right(keys, last)]
            if abs(times[key] - times[frame]) <= _NEAR_S and lasts(key) >= _AS_LONG * lasts(frame)
        ]
        return min(found, key=lambda key: abs(times[key] - times[frame]), default=frame)

    middles = ((times[old] + times[new]) / 2 for old, new in pairwise(chosen))
    edges = [-1, *(bisect_right(times, each + _SAME_S) - 1 for each in middles), len(times) - 1]
    return [
        nearest(frame, before, last)
        for frame, (before, last) in zip(chosen, pairwise(edges), strict=True)
    ]


def check_length(frames: int, seconds: float, limits: MediaLimits) -> None:
    """Raise MediaTooLargeError (limits "duration", "frames") for what is too long."""
    if seconds > limits.max_duration_s:
        raise MediaTooLargeError(
            f"The clip is longer than {limits.max_duration_s:g} seconds", limit="duration"
        )
    if frames > limits.max_frames_total:
        raise MediaTooLargeError(
            f"The clip has more than {limits.max_frames_total} frames", limit="frames"
        )
