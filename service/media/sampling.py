"""Which frames of something that moves are looked at."""

from service.errors import MediaTooLargeError
from service.media.limits import MediaLimits


class Moments:
    """The moments to sample: the middle of each of `count` equal stretches of a clip."""

    def __init__(self, seconds: float, frames: int, count: int) -> None:
        """All frames are due where there are at most `count`, or where the length is unknown."""
        self._seconds = seconds
        self._count = count
        self._take_all = seconds <= 0 or frames <= count
        self._next = 0

    def due(self, index: int, until_s: float) -> bool:
        """Whether a frame, shown until `until_s`, is to be sampled; ask once for each, in order."""
        if self._take_all:
            return index < self._count
        if self._next >= self._count or until_s < self._moment(self._next):
            return False
        # Where frames lie further apart than the moments, one frame stands for several.
        while self._next < self._count and self._moment(self._next) <= until_s:
            self._next += 1
        return True

    @property
    def next_s(self) -> float | None:
        """The next moment in seconds; None after the last, or where every frame is due."""
        if self._take_all or self._next >= self._count:
            return None
        return self._moment(self._next)

    def _moment(self, number: int) -> float:
        return (number + 0.5) * self._seconds / self._count


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
