"""Which frames of something that moves are looked at."""

from bisect import bisect_right
from collections.abc import Sequence

from service.errors import MediaTooLargeError
from service.media.limits import MediaLimits

# Far less than any frame lasts: times are sums, and a moment may be just when a frame appears.
_SAME_S = 1e-6


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
