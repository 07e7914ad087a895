"""Forward through a clip to the frames that are wanted, by steps and jumps."""

import math
from bisect import bisect_right
from typing import Self

from service.media.container import Container
from service.media.display import Display
from service.media.timeline import Timeline

# Fewer frames than this are cheaper stepped through than jumped over.
_JUMP_FRAMES = 8


class Reader:
    """Decodes a clip whose timeline is known; never goes back.

    at: index of the frame grabbed last, -1 before the first.
    """

    def __init__(self, name: str, data: bytes, timeline: Timeline, *, jumps: bool) -> None:
        """Open the clip. MediaCorruptError.

        name: a format of `sniff`. jumps: whether the container can be trusted to find key frames.
        """
        self._name, self._data, self._timeline, self._jumps = name, data, timeline, jumps
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def _start(self, display: Display | None = None) -> None:
        self.container = Container(self._name, self._data, display)
        self._zero_s = self._timeline.first_s
        self._latest_s = -math.inf
        self.at = -1

    def advance(self, wanted: int) -> bool:
        """Go on to the frame with a wanted index, or the next after it; False at the end."""
        if self._jump(wanted):
            if self.at == wanted or self._step(wanted):
                return True
            # Where the jump led to there was nothing: what lies before it may yet be read.
            self.restart()
        return self._step(wanted)

    def restart(self) -> None:
        """Begin anew, and without jumps."""
        self.container.close()
        self._start(self.container.display)
        self._jumps = False

    def _step(self, wanted: int) -> bool:
        while self.container.grab():
            self._locate()
            if self.at >= wanted:
                return True
        return False

    def _locate(self) -> None:
        """Find out which frame has been grabbed."""
        timeline, time_s = self._timeline, self.container.time_s
        if self._zero_s is None:
            self._zero_s = time_s
        # What a decoder still held at the end comes without a time.
        if timeline.clocked and math.isfinite(time_s) and time_s >= self._latest_s:
            self._latest_s = time_s
            self.at = timeline.index_at(time_s - self._zero_s)
        else:
            self.at = min(self.at + 1, len(timeline.times) - 1)

    def _jump(self, wanted: int) -> bool:
        """Jump to the key frame before a far frame; False where stepping is cheaper."""
        timeline = self._timeline
        place = bisect_right(timeline.keys, wanted) - 1
        if not self._jumps or self._zero_s is None or place < 0:
            return False
        key, before = timeline.keys[place], self.at
        if key - before < _JUMP_FRAMES:
            return False
        self._latest_s = -math.inf
        if self.container.seek(timeline.times[key] + self._zero_s) and self.container.grab():
            self._locate()
            if before < self.at <= wanted:
                return True
        # A jump that leads back, or too far, or nowhere: the container cannot be trusted.
        self.restart()
        return False
