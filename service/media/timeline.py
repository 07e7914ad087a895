"""When the frames of a clip are shown, learnt from its packets or from what is decoded."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.errors import MediaCorruptError
from service.media.container import Container
from service.media.limits import MediaLimits
from service.media.sampling import check_length

# The stated length may be a little more than what is there, and the clip still whole.
_WHOLE_SHARE = 0.9
# Containers without a length (live recordings) say so with nonsense below zero or beyond this.
_LONGEST_BELIEVED_S = 30 * 24 * 3600.0
# What these state is of the video alone; Matroska's length is that of its longest track.
_STATE_FRAMES = frozenset({"mp4", "mov", "gif"})
_SAME_S = 1e-4
# Players show a clip without a clock as fast as they like; this is usual.
_CLOCKLESS_STEP_S = 0.04


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames of a clip in the order in which they are shown.

    times: when each appears, in seconds from the first, strictly rising; never empty.
    keys: indices, rising, of those that can be decoded without others.
    seconds: length of the video, other tracks apart.
    first_s: what the decoder says of the first frame's time, in seconds; None where that is
        not what its packet says.
    clocked: whether the clip stores times; where it does not, frames can only be counted.
    short: the container states clearly more than is there. It may mean another track.
    stored: how many packets were read; more than frames where some state the time of others.
    """

    times: tuple[float, ...]
    keys: tuple[int, ...]
    seconds: float
    first_s: float | None
    clocked: bool
    short: bool
    stored: int

    def index_at(self, time_s: float) -> int:
        """The frame on screen at a time, in seconds from the first frame."""
        return max(bisect_right(self.times, time_s + _SAME_S) - 1, 0)

    def ends_at(self, index: int) -> float:
        """Until when a frame is on screen, in seconds."""
        return self.times[index + 1] if index + 1 < len(self.times) else self.seconds

    def corrected(self, times_s: Sequence[float]) -> "Timeline":
        """This one, or where packets were lost because FFmpeg gave them others' times, another.

        It does so where the first packets do not say when they are decoded: it counts from where
        one does. Then neither packets nor decoded frames have times that can be believed, and
        frames are counted.
        times_s: when the container itself says that the frames are shown, in seconds, ascending.
        """
        if len(self.times) == self.stored or len(times_s) != self.stored:
            return self
        if any(new - old <= _SAME_S for old, new in pairwise(times_s)):
            return self
        times = tuple(time_s - times_s[0] for time_s in times_s)
        seconds = times[-1] + self.seconds - self.times[-1]
        return Timeline(times, (), seconds, 0.0, False, False, self.stored)


def read_timeline(
    name: str,
    container: Container,
    limits: MediaLimits,
    last_s: Callable[[int], float | None],
) -> Timeline:
    """Step through the packets of a fresh container, which is of no further use.

    name: a format of `sniff`. last_s: how long the last of so many frames is shown, in seconds,
        where the file says so by other means than its packets.
    Raises MediaCorruptError where there is no packet, MediaTooLargeError (limits "duration",
    "frames").
    """
    packets = sorted(_packets(container, limits))
    if not packets:
        raise MediaCorruptError("Not one frame of the clip can be decoded")
    if len(packets) > 1 and packets[-1][0] - packets[0][0] < _SAME_S:
        times = tuple(_CLOCKLESS_STEP_S * index for index in range(len(packets)))
        return Timeline(times, (), _CLOCKLESS_STEP_S * len(times), 0.0, False, False, len(packets))
    first_s = packets[0][0]
    frames = [packets[0]] + [new for old, new in pairwise(packets) if new[0] - old[0] > _SAME_S]
    times = tuple(time_s - first_s for time_s, _ in frames)
    told_s = last_s(len(packets))
    seconds = times[-1] + told_s if told_s else _lasting(times)
    stated_frames, stated_s = _stated(container)
    short = seconds < _WHOLE_SHARE * stated_s
    # Where no packet is missing the last frame is on screen until the stated end.
    if (name in _STATE_FRAMES and stated_frames == len(packets)) or (name == "avi" and not short):
        seconds, short = max(stated_s, times[-1]), False
    check_length(len(times), seconds, limits)
    # Some muxers give the last frame no length, but players stay on it.
    if seconds - times[-1] < _SAME_S:
        seconds = _lasting(times)
    keys = tuple(index for index, (_, key) in enumerate(frames) if key)
    # AVI stores when frames are decoded, not shown.
    first = None if name == "avi" else first_s
    return Timeline(times, keys, seconds, first, True, short, len(packets))


def watch_timeline(container: Container, most: int, limits: MediaLimits) -> Timeline | None:
    """Decode a fresh container to learn what the decoder shows of it, where that is not all.

    most: frames to decode. None where there are more, or none: only packets tell of those.
    Raises MediaTooLargeError (limits "duration", "frames").
    """
    times: list[float] = []
    first_s = 0.0
    for _ in range(most):
        if not container.grab():
            break
        time_s = container.time_s
        if not math.isfinite(time_s):
            continue
        first_s = time_s if not times else first_s
        if not times or time_s - first_s - times[-1] > _SAME_S:
            times.append(time_s - first_s)
    else:
        return None
    if not times:
        return None
    seconds = _lasting(times) or _CLOCKLESS_STEP_S
    check_length(len(times), seconds, limits)
    return Timeline(tuple(times), (), seconds, first_s, True, False, len(times))


def _lasting(times: Sequence[float]) -> float:
    """Until when frames are shown: the last for as long as the others were on average."""
    return times[-1] * len(times) / max(len(times) - 1, 1)


def _packets(container: Container, limits: MediaLimits) -> list[tuple[float, bool]]:
    """Time in seconds of each packet, and whether it holds a key frame, in decoding order."""
    packets: list[tuple[float, bool]] = []
    low, high = math.inf, -math.inf
    for time_s, key in container.packets():
        low, high = min(low, time_s), max(high, time_s)
        packets.append((time_s, key))
        check_length(len(packets), high - low, limits)
    return packets


def _stated(container: Container) -> tuple[int, float]:
    """Frames and length in seconds as the container states them; 0 where it does not."""
    if container.seconds_stated >= _LONGEST_BELIEVED_S:
        return 0, 0.0
    return container.frames_stated, container.seconds_stated
