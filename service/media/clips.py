"""A clip to frames sampled evenly in time, from memory."""

import io
import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from service.errors import MediaCorruptError
from service.media.completeness import ends_early
from service.media.frame import Frame
from service.media.limits import MediaLimits
from service.media.pictures import check_pixels
from service.media.sampling import Moments, check_length

# One decoding thread: more would multiply the frames held, and workers are the parallelism.
_OPEN_PARAMETERS = (cv2.CAP_PROP_N_THREADS, 1)
# Containers without a length (live recordings) say so with nonsense below zero or beyond this.
_LONGEST_BELIEVED_S = 30 * 24 * 3600.0
# The stated length may be that of a longer audio track; this much less video is still whole.
_WHOLE_SHARE = 0.9
# Beyond this a frame rate is the container's clock (1000 in WebM), and its frame count a guess.
_HIGHEST_RATE = 240.0
# Stepping through 1080p costs 3 ms a frame, a jump a few hundred (it decodes from a key frame
# that may lie ten seconds back). Beyond this distance to the next moment jumping is cheaper.
_JUMP_S = 20.0


class Clip:
    """One clip.

    width, height: of the upright frame, in pixels, as the container states them.
    Iterate `frames` to its end; then `frames_total`, `duration_s` and `truncated` hold.
    """

    def __init__(self, name: str, data: bytes, limits: MediaLimits) -> None:
        """Open the container and check what it claims.

        name: a format of `sniff`.
        Raises MediaCorruptError, MediaTooLargeError (limits "pixels", "duration", "frames").
        """
        self._limits = limits
        # Held here, and the capture never released by hand: OpenCV 4.14 lets go of its stream
        # without the interpreter's lock, and the process dies if that was the last hold.
        self._stream = io.BytesIO(data)
        self._capture = _open(self._stream)
        self.width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_pixels(self.width, self.height, limits)
        self._frames, self._seconds = self._claims()
        check_length(self._frames, self._seconds, limits)
        self.frames_total = 0
        self.duration_s = 0.0
        self.truncated = ends_early(name, data)

    def _claims(self) -> tuple[int, float]:
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if not (rate > 0 and count > 0 and count / rate < _LONGEST_BELIEVED_S):
            return 0, 0.0
        return int(count) if rate <= _HIGHEST_RATE else 0, count / rate

    def frames(self, count: int) -> Iterator[Frame]:
        """Give `count` frames (all, of a shorter clip), upright, at evenly spaced times.

        Their times are those stored in the clip, also where its frame rate varies. A clip whose
        data ends early, or is damaged on the way, is given as far as it goes.
        Raises MediaCorruptError where not one frame can be decoded, MediaTooLargeError.
        """
        if self.truncated or self._seconds == 0.0:
            self._measure()
        moments = Moments(self._seconds, self._frames, count)
        step = self._seconds / self._frames if self._frames else 0.0
        given, last_s, jumped = 0, 0.0, False
        for index, time_s in self._grabbed(moments):
            # Frames were jumped over: they count as the container states them.
            jumped |= index > self.frames_total
            last_s = time_s
            if moments.due(index, time_s + step / 2):
                decoded, bgr = self._capture.retrieve()
                if decoded and bgr is not None:
                    given += 1
                    pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
                    yield Frame(index, time_s, pixels)
            self.frames_total = index + 1
            if jumped and moments.next_s is None:
                self.frames_total, last_s = self._frames, self._seconds
                break
        if not given:
            raise MediaCorruptError("Not one frame of the clip can be decoded")
        self.truncated |= last_s + step < _WHOLE_SHARE * self._seconds
        self.duration_s = last_s + step if self.truncated else self._seconds

    def _grabbed(self, moments: Moments | None = None) -> Iterator[tuple[int, float]]:
        """Step, or jump to far moments; (index, time in seconds) per frame, never falling."""
        index, latest_s = 0, 0.0
        while True:
            next_s = moments.next_s if moments is not None else None
            if self._frames and next_s is not None and next_s - latest_s > _JUMP_S:
                self._capture.set(cv2.CAP_PROP_POS_MSEC, next_s * 1000.0)
                index = max(index, int(self._capture.get(cv2.CAP_PROP_POS_FRAMES)))
            if not self._capture.grab():
                return
            stored = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            latest_s = max(stored, latest_s) if math.isfinite(stored) else latest_s
            check_length(index + 1, latest_s, self._limits)
            yield index, latest_s
            index += 1

    def _measure(self) -> None:
        """Step through once to learn the length that can be read, and go back to the start."""
        frames, last_s = 0, 0.0
        for index, time_s in self._grabbed():
            frames, last_s = index + 1, time_s
        # The last frame is shown for as long as the others were on average.
        self._frames, self._seconds = frames, last_s * frames / max(frames - 1, 1)
        self._stream.seek(0)
        self._capture = _open(self._stream)


def _open(stream: io.BytesIO) -> cv2.VideoCapture:
    # OpenCV's type stubs know the stream only by its C++ name.
    source: Any = stream
    try:
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, _OPEN_PARAMETERS)
    except cv2.error as error:
        raise MediaCorruptError("The clip cannot be opened") from error
    if not capture.isOpened():
        raise MediaCorruptError("The clip cannot be opened: it holds no video, or ends early")
    return capture
