"""An animated WebP to frames sampled evenly in time; FFmpeg, which reads clips, cannot."""

import struct
from collections.abc import Iterator

import cv2
import numpy as np

from service.errors import MediaCorruptError
from service.media.frame import Frame
from service.media.headers import picture_size
from service.media.limits import MediaLimits
from service.media.pictures import check_pixels
from service.media.sampling import Moments, check_length

# Browsers show frames that ask for less than this for 100 ms; 0 is common in the wild.
_SHORTEST_S, _INSTEAD_S = 0.011, 0.1
_RIFF_HEADER, _CHUNK_HEADER, _DURATION_AT = 12, 8, 12


class AnimatedWebp:
    """One animated WebP, with the same reading contract as Clip."""

    def __init__(self, data: bytes, limits: MediaLimits) -> None:
        """Check what the header claims and find the complete frames.

        Raises MediaCorruptError, MediaTooLargeError (limits "pixels", "duration", "frames").
        """
        self.width, self.height = picture_size("webp", data)
        check_pixels(self.width, self.height, limits)
        durations, end = _frames(data)
        if not durations:
            raise MediaCorruptError("The animation holds no complete frame")
        self.truncated = struct.unpack_from("<I", data, 4)[0] + 8 > len(data)
        # The decoder refuses files that end early: give it one that ends after the last frame.
        self._data = data[:4] + struct.pack("<I", end - 8) + data[8:end] if self.truncated else data
        self._durations = durations
        self.frames_total = len(durations)
        self.duration_s = sum(durations)
        check_length(self.frames_total, self.duration_s, limits)

    def frames(self, count: int) -> Iterator[Frame]:
        """Give `count` frames (all, of a shorter animation) at evenly spaced times.

        One at a time, although the decoder starts over for each: all at once would hold the
        whole animation in memory. Raises MediaCorruptError where a frame cannot be decoded.
        """
        moments = Moments(self.duration_s, self.frames_total, count)
        buffer = np.frombuffer(self._data, np.uint8).reshape(1, -1)
        time_s = 0.0
        for index, seconds in enumerate(self._durations):
            if moments.due(index, time_s + seconds):
                try:
                    decoded, animation = cv2.imdecodeanimation(buffer, start=index, count=1)
                except cv2.error as error:
                    raise MediaCorruptError("The animation cannot be decoded") from error
                if not decoded or not animation.frames:
                    raise MediaCorruptError("The animation cannot be decoded")
                bgr = np.asarray(animation.frames[0], np.uint8)[:, :, :3]
                yield Frame(index, time_s, np.ascontiguousarray(bgr[:, :, ::-1]))
            time_s += seconds


def _frames(data: bytes) -> tuple[list[float], int]:
    """Durations in seconds of all complete frames, and where the last of them ends."""
    durations: list[float] = []
    at = end = _RIFF_HEADER
    while at + _CHUNK_HEADER <= len(data):
        kind = data[at : at + 4]
        (size,) = struct.unpack_from("<I", data, at + 4)
        after = at + _CHUNK_HEADER + size + size % 2
        if after > len(data):
            break
        if kind == b"ANMF":
            start = at + _CHUNK_HEADER + _DURATION_AT
            seconds = int.from_bytes(data[start : start + 3], "little") / 1000
            durations.append(seconds if seconds >= _SHORTEST_S else _INSTEAD_S)
            end = after
        at = after
    return durations, end
