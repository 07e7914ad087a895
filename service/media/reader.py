"""Forward through a clip to the frames that are wanted, by steps and jumps."""

import io
import math
from bisect import bisect_left, bisect_right

import cv2

from service.media.capture import grab, open_capture
from service.media.timeline import Timeline

# A jump costs as much as a few dozen frames: fewer than this many are stepped through.
_JUMP_FRAMES = 100
# OpenCV looks for a key frame at least this many frames (by the average rate) before the one
# that it is asked for, and then counts: see `_number`.
_RUN_UP = 16


class Reader:
    """Decodes a clip whose timeline is known; never goes back.

    at: index of the frame grabbed last, -1 before the first.
    """

    def __init__(self, data: bytes, timeline: Timeline, *, jumps: bool) -> None:
        """Open the clip. MediaCorruptError.

        jumps: whether the container can be trusted to find key frames.
        """
        self._data, self._timeline, self._jumps = data, timeline, jumps
        self._streams: list[io.BytesIO] = []
        self._start()

    def _start(self) -> None:
        self._streams.append(io.BytesIO(self._data))
        self.capture = open_capture(self._streams[-1])
        self._rate = self.capture.get(cv2.CAP_PROP_FPS)
        self._zero_s = self._timeline.first_s
        self._latest_s = -math.inf
        self.at = -1

    def advance(self, wanted: int) -> bool:
        """Go on to the frame with a wanted index, or the next after it; False at the end."""
        if self._jump(wanted):
            if self._step(wanted):
                return True
            # Where the jump led to there was nothing: what lies before it may yet be read.
            self.restart()
        return self._step(wanted)

    def restart(self) -> None:
        """Begin anew, and without jumps."""
        self._start()
        self._jumps = False

    def _step(self, wanted: int) -> bool:
        while grab(self.capture):
            self._locate()
            if self.at >= wanted:
                return True
        return False

    def _locate(self) -> None:
        """Find out which frame has been grabbed."""
        timeline = self._timeline
        time_s = self.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        if self._zero_s is None:
            self._zero_s = time_s
        # What a decoder still held at the end comes without a time.
        if timeline.clocked and math.isfinite(time_s) and time_s >= self._latest_s:
            self._latest_s = time_s
            self.at = timeline.index_at(time_s - self._zero_s)
        else:
            self.at = min(self.at + 1, len(timeline.times) - 1)

    def _jump(self, wanted: int) -> bool:
        """Jump towards a far frame; False where stepping is cheaper, or all that is left."""
        number = self._number(wanted) if self._jumps else None
        if number is None:
            return False
        before = self.at
        self.capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        self._latest_s = -math.inf
        self._locate()
        if before < self.at < wanted:
            return True
        # Each jump must lead on, or many of them would cost more than one walk through it all.
        self._jumps = False
        if self.at >= wanted:
            self.restart()
        return False

    def _number(self, wanted: int) -> int | None:
        """The frame number to ask for in order to end up a little before a wanted frame.

        OpenCV turns the number, less the run-up, into a time by the average rate, decodes from
        the key frame before that time, and counts from there. Where the rate varies that is
        anywhere: only from a known key frame on can the number be computed. None where no jump
        is worth it, or leads there.
        """
        times, keys = self._timeline.times, self._timeline.keys
        place = bisect_right(keys, wanted - _RUN_UP - 2) - 1
        if place < 0 or keys[place] - self.at < _JUMP_FRAMES:
            return None
        key, zero_s = keys[place], self._zero_s or 0.0
        first = int(self._rate * zero_s + 0.5)
        number = int(self._rate * (times[key] + zero_s) + 0.5) - first + wanted - key - 1
        after = bisect_left(keys, key + 1)
        if after < len(keys):
            number = min(number, int(self._rate * (times[keys[after]] + zero_s)) + _RUN_UP - 1)
        reaches = (number - _RUN_UP) / self._rate >= times[key] + zero_s
        return number if reaches else None
