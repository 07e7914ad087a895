"""Containers of video, read by PyAV from memory."""

import io
import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Self

import av

# What PyAV would load where a file first has subtitles: a warm worker opens nothing.
import av.subtitles.codeccontext
import av.subtitles.stream
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.brightness import PQ, UNSPECIFIED, standard
from service.media.codecs import expect_readable
from service.media.display import Display, Stretch, placed
from service.memory import blank_memory

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
# Pictures, which browsers show with square pixels, whatever these say.
_SQUARE = frozenset({"gif", "png"})
# Only when so many attempts in a row find nothing does nothing follow a broken place.
_ATTEMPTS = 128
_MUCH_LARGER = 2


class Container:
    """The first video track of a container: packet after packet, or frame after frame.

    display: how all frames are shown, which is how the first one grabbed is; None before it.
    shrunk: whether one that was converted is at least twice as wide or high.
    others: whether there are further video tracks, which players may show instead.
    frames_stated, seconds_stated: 0 where the container does not say.
    hidden: of the packets read, those whose frames are not to be shown.
    time_s: of the frame grabbed last, by the clip's own clock; NaN where it has none.
    damaged: whether the decoder had to make up some of that frame, or of one since the last key
        frame, from which it may be predicted.

    WHY not OpenCV: from 4.13 on it cannot convert frames that are marked as interlaced and does not
    say so; what it then gives are leftovers in memory, of other clips as well.
    """

    def __init__(self, name: str, data: bytes, display: Display | None = None) -> None:
        """Open it. MediaCorruptError where it holds no video, UnsupportedMediaError where that is
        in a codec which is not read.

        name: a format of `sniff`. display: how frames are shown, where another reader of the same
            clip has learnt it.
        """
        # What a decoder takes and does not fill must not be what was freed before.
        blank_memory(blank=True)
        try:
            self._opened, streams = _opened(name, data)
        except BaseException:
            blank_memory(blank=False)
            raise
        self._stream, self.others = streams[0], len(streams) > 1
        codec = self._stream.codec_context
        # One decoding thread: more would multiply the frames held, and workers are the parallelism.
        codec.thread_count, codec.thread_type = 1, "SLICE"
        self._stated_size = codec.width, codec.height
        # Decoders of streams that say nothing of it forget what the container says.
        self._stated_curve = codec.color_trc, codec.color_primaries, codec.colorspace
        aspect = None if name in _SQUARE else self._stream.sample_aspect_ratio
        self._stretch = Stretch.of(float(aspect or 1))
        self.display = display
        self.shrunk = False
        self.frames_stated, self.seconds_stated = self._stated(name)
        self.hidden = 0
        self.time_s = math.nan
        self.damaged = False
        # AVI stores when frames are decoded: what FFmpeg makes of that for a frame is in no order.
        self._by_packets = name == "avi"
        self._released_at: int | None = None
        self._frame: av.VideoFrame | None = None
        # WHY one for all frames, with one thread: a frame's own starts a thread for each core,
        # whose stacks count against the memory limit for as long as the frame is kept.
        self._converter = VideoReformatter()
        self._frames: Iterator[av.VideoFrame] = self._decoded()

    def _stated(self, name: str) -> tuple[int, float]:
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        if rate <= 0:
            return 0, 0.0
        seconds = 0.0
        if self._opened.duration:
            seconds = self._opened.duration / av.time_base
        elif self._stream.duration and self._stream.time_base:
            seconds = float(self._stream.duration * self._stream.time_base)
        count = self._stream.frames or math.floor(seconds * rate + 0.5)
        if count <= 0:
            return 0, 0.0
        # A GIF has one track, and of its length FFmpeg's rate is a fraction of small numbers.
        return count, seconds if name == "gif" and seconds else count / rate

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of frames with square pixels, not turned yet.

        WHY of a frame, once there is one: what the container states is anybody's word, and a face
        in a frame that is shrunk to a few pixels is not seen.
        """
        if self.display is None:
            return self._stretch.size(*self._stated_size)
        return self._stretch.size(self.display.width, self.display.height)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the decoder's memory back, which else waits for the garbage collector."""
        self._frame, self._frames = None, iter(())
        self._opened.close()
        blank_memory(blank=False)

    def packets(self) -> Iterator[tuple[float, bool]]:
        """Time in seconds of each packet, and whether it holds a key frame, in decoding order.

        Nothing else can be read of the container then.
        """
        for packet in self._packets():
            self.hidden += packet.is_discard
            moment = packet.dts if packet.pts is None else packet.pts
            if moment is not None:
                yield self._seconds(moment), packet.is_keyframe

    def grab(self) -> bool:
        """Go on to the next frame that can be decoded; False at the end."""
        self._frame = next(self._frames, None)
        if self._frame is None:
            return False
        self.display = self.display or Display.of(self._frame, self._stream.codec_context.name)
        moment = self._released_at if self._by_packets else self._frame.pts
        held = self.damaged and not self._frame.key_frame
        self.damaged = held or self._frame.is_corrupt
        self.time_s = math.nan if moment is None else self._seconds(moment)
        return True

    def pixels(self) -> NDArray[np.uint8] | None:
        """The frame grabbed last, uint8 RGB (H, W, 3), upright, with square pixels.

        None where it cannot be converted.
        """
        display = self.display
        if self._frame is None or display is None:
            return None
        # Streams may go on in another size, or held otherwise; all is shown as it began.
        across, down = self._frame.width / display.width, self._frame.height / display.height
        self.shrunk = self.shrunk or max(across, down) >= _MUCH_LARGER
        try:
            stored = self._converted(self._frame, display)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            return None
        shown = self._stretch.applied(stored)
        return shown if display.matrix is None else placed(shown, display.matrix)

    def _converted(self, frame: av.VideoFrame, display: Display) -> NDArray[np.uint8]:
        """uint8 RGB (H, W, 3) as stored, in the display's size; by the curve that it states."""
        if frame.color_trc == UNSPECIFIED and self._stated_curve[0] == PQ:
            frame.color_trc, frame.color_primaries, frame.colorspace = self._stated_curve
        in_pq = frame.color_trc == PQ
        sized = self._converter.reformat(
            frame, display.width, display.height, "rgb48le" if in_pq else "rgb24", threads=1
        ).to_ndarray()
        if in_pq:
            return standard(np.asarray(sized, np.uint16), frame.color_primaries)
        return np.asarray(sized, np.uint8)

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


def _opened(name: str, data: bytes) -> tuple[InputContainer, list[av.VideoStream]]:
    """A container and its video tracks, at least one, the first of them in a codec that is read."""
    unreadable = "The clip cannot be opened: it holds no video, or ends early"
    try:
        opened = av.open(io.BytesIO(data), "r", format=_READERS[name], metadata_errors="ignore")
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise MediaCorruptError(unreadable) from error
    # Covers are stored as video, too, and some come first.
    streams = [
        each
        for each in opened.streams.video
        if not each.disposition & av.stream.Disposition.attached_pic
    ]
    if not streams:
        raise MediaCorruptError(unreadable)
    expect_readable(streams[0].codec_context)
    return opened, streams
