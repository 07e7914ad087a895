"""Containers of video, read by PyAV from memory."""

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from service.errors import MediaCorruptError

# FFmpeg's name of what reads each format of `sniff`. It is told, not left to guess: among what it
# knows are lists of other files and addresses.
_READERS = MappingProxyType(
    {
        "mp4": "mov",
        "mov": "mov",
        "webm": "matroska",
        "mkv": "matroska",
        "avi": "avi",
        "gif": "gif",
        "png": "apng",
    }
)
# Only when so many attempts in a row find nothing does nothing follow a broken place.
_ATTEMPTS = 128
# Anamorphic film has 2:1; what goes far beyond is nonsense, or meant to do harm.
_LONGEST_PIXEL = 4.0
# Matrices are rounded: a turn that is so little off a quarter is one.
_SKEW = 0.02


@dataclass(frozen=True, slots=True)
class Stretch:
    """By how much stored frames must be enlarged until their pixels are square, as shown."""

    across: float = 1.0
    down: float = 1.0

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame, uint8 (H, W, 3), with square pixels."""
        if self.across == self.down:
            return pixels
        size = self.size(pixels.shape[1], pixels.shape[0])
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a frame with square pixels."""
        return round(width * self.across), round(height * self.down)


def placed(pixels: NDArray[np.uint8], matrix: bytes) -> NDArray[np.uint8]:
    """A frame, uint8 (H, W, 3), turned and mirrored as a display matrix has it.

    matrix: of FFmpeg's `libavutil/display.h`, nine int32. Only quarter turns and mirroring are
        heeded, as by most players.
    """
    across, across_down, _, down_across, down, *_ = struct.unpack("=9i", matrix)
    straight, lying = abs(across) + abs(down), abs(across_down) + abs(down_across)
    if max(straight, lying) * _SKEW < min(straight, lying) or not straight + lying:
        return pixels
    if lying > straight:
        pixels, across, down = pixels.transpose(1, 0, 2), down_across, across_down
    turned = pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
    return np.ascontiguousarray(turned)


def _unnamed(kind: type[SideData], value: int) -> SideData:
    """A kind of data beside a frame that FFmpeg knows and PyAV has no name for, such as EXIF."""
    made = object.__new__(kind)
    made._name_, made._value_ = f"UNNAMED_{value}", value  # type: ignore[assignment]
    return made


# Without it one such piece keeps all others of its frame from being read.
SideData._missing_ = classmethod(_unnamed)  # type: ignore[assignment]


class Container:
    """The first video track of a container: packet after packet, or frame after frame.

    width, height: of a frame as it is stored, in pixels, as the container states them.
    stretch: what makes its pixels square.
    others: whether there are further video tracks, which players may show instead.
    frames_stated, seconds_stated: 0 where the container does not say.
    time_s: of the frame grabbed last, by the clip's own clock; NaN where it has none.

    WHY not OpenCV: from 4.13 on it cannot convert frames that are marked as interlaced and does not
    say so; what it then gives are leftovers in memory, of other clips as well.
    """

    def __init__(self, name: str, data: bytes) -> None:
        """Open it. name: a format of `sniff`. MediaCorruptError where it holds no video."""
        unreadable = "The clip cannot be opened: it holds no video, or ends early"
        try:
            self._opened = av.open(
                io.BytesIO(data), "r", format=_READERS[name], metadata_errors="ignore"
            )
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError) as error:
            raise MediaCorruptError(unreadable) from error
        # Covers are stored as video, too, and some come first.
        streams = [
            each
            for each in self._opened.streams.video
            if not each.disposition & av.stream.Disposition.attached_pic
        ]
        if not streams or streams[0].codec_context is None:
            raise MediaCorruptError(unreadable)
        self._stream, self.others = streams[0], len(streams) > 1
        codec = self._stream.codec_context
        # One decoding thread: more would multiply the frames held, and workers are the parallelism.
        codec.thread_count, codec.thread_type = 1, "SLICE"
        self.width, self.height = codec.width, codec.height
        self.stretch = self._read_stretch()
        self.frames_stated, self.seconds_stated = self._stated()
        self.time_s = math.nan
        # AVI stores when frames are decoded: what FFmpeg makes of that for a frame is in no order.
        self._by_packets = name == "avi"
        self._released_at: int | None = None
        self._frame: av.VideoFrame | None = None
        # WHY one for all frames, with one thread: a frame's own starts a thread for each core,
        # whose stacks count against the memory limit for as long as the frame is kept.
        self._converter = VideoReformatter()
        self._frames: Iterator[av.VideoFrame] = self._decoded()

    def _read_stretch(self) -> Stretch:
        aspect = float(self._stream.sample_aspect_ratio or 1)
        if not 1 / _LONGEST_PIXEL <= aspect <= _LONGEST_PIXEL:
            return Stretch()
        # Nothing is shrunk: faces would lose what they are judged by.
        return Stretch(max(aspect, 1.0), max(1 / aspect, 1.0))

    def _stated(self) -> tuple[int, float]:
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        if rate <= 0:
            return 0, 0.0
        seconds = 0.0
        if self._opened.duration:
            seconds = self._opened.duration / av.time_base
        elif self._stream.duration and self._stream.time_base:
            seconds = float(self._stream.duration * self._stream.time_base)
        count = self._stream.frames or math.floor(seconds * rate + 0.5)
        return (count, count / rate) if count > 0 else (0, 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the decoder's memory back, which else waits for the garbage collector."""
        self._frame, self._frames = None, iter(())
        self._opened.close()

    def packets(self) -> Iterator[tuple[float, bool]]:
        """Time in seconds of each packet, and whether it holds a key frame, in decoding order.

        Nothing else can be read of the container then.
        """
        for packet in self._packets():
            moment = packet.dts if packet.pts is None else packet.pts
            if moment is not None:
                yield self._seconds(moment), packet.is_keyframe

    def grab(self) -> bool:
        """Go on to the next frame that can be decoded; False at the end."""
        self._frame = next(self._frames, None)
        if self._frame is None:
            return False
        moment = self._released_at if self._by_packets else self._frame.pts
        self.time_s = math.nan if moment is None else self._seconds(moment)
        return True

    def pixels(self) -> NDArray[np.uint8] | None:
        """The frame grabbed last, uint8 RGB (H, W, 3), upright, with square pixels.

        None where it cannot be converted.
        """
        if self._frame is None:
            return None
        # Streams may go on in another size; all is shown in that which the container states.
        try:
            sized = self._converter.reformat(
                self._frame, self.width or None, self.height or None, "rgb24", threads=1
            )
            stored = np.asarray(sized.to_ndarray(), np.uint8)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            return None
        shown = self.stretch.applied(stored)
        # PyAV's types know of one kind of side data only.
        beside: Any = self._frame.side_data
        matrix = beside.get(SideData.DISPLAYMATRIX)
        return shown if matrix is None else placed(shown, bytes(matrix))

    def seek(self, time_s: float) -> bool:
        """Go to the last key frame up to a time by the clip's clock; whether there is a way."""
        if self._stream.time_base is None:
            return False
        try:
            self._opened.seek(round(time_s / self._stream.time_base), stream=self._stream)
        except MemoryError:
            raise
        except av.FFmpegError:
            return False
        self._frames = self._decoded()
        return True

    def _seconds(self, moment: int) -> float:
        return float(moment * (self._stream.time_base or 0))

    def _decoded(self) -> Iterator[av.VideoFrame]:
        for packet in self._packets():
            self._released_at = packet.dts
            try:
                yield from self._stream.decode(packet)
            except MemoryError:
                raise
            except av.FFmpegError:
                continue  # a broken packet costs its own frames

    def _packets(self) -> Iterator["av.Packet[Any]"]:
        failures = 0
        while failures < _ATTEMPTS:
            try:
                for packet in self._opened.demux(self._stream):
                    failures = 0
                    yield packet
            except MemoryError:
                raise
            except av.FFmpegError:
                failures += 1
            else:
                return
