"""A clip to frames of equal stretches of its time, from memory."""

from collections.abc import Iterator
from types import MappingProxyType

from service.errors import MediaCorruptError
from service.media.boxes import read_edits
from service.media.completeness import breaks_off, ends_early
from service.media.container import Container
from service.media.frame import Frame
from service.media.gif import whole_images, with_controls
from service.media.limits import MediaLimits
from service.media.matroska import Shown, read_shown
from service.media.pictures import check_pixels
from service.media.png import delays_s, whole_frames
from service.media.reader import Reader
from service.media.sampling import at_key_frames, sampled
from service.media.timeline import Timeline, read_timeline, watch_timeline

# Frames that are decoded for less than this share of the clip's length leave it truncated.
_WHOLE_SHARE = 0.9
_WITH_EDITS = frozenset({"mp4", "mov"})
_MATROSKA = frozenset({"mkv", "webm"})
# Decoded twice, 3,000 frames of 1080p take some 20 seconds.
_WATCHED_PIXELS = 3_000 * 1920 * 1080
# In these, frames are drawn over one another: none can be decoded without those before it. But each
# is stored by itself, and none in less detail than another.
_WITHOUT_JUMPS = frozenset({"gif", "png"})
_AS_FFMPEG_READS_THEM = MappingProxyType(
    {"gif": lambda data: with_controls(whole_images(data)), "png": whole_frames}
)


class Clip:
    """One clip.

    width, height: of a frame with square pixels, as the container states them; once a frame was
        given, of that, which is upright.
    others: whether it holds further video tracks. The first one is read.
    shrunk: whether frames that were given are far larger as they are stored, see `Container`.
    Iterate `frames` to its end; then `frames_total`, `duration_s`, `truncated` and `shrunk` hold.
    """

    shrunk = False

    def __init__(self, name: str, data: bytes, limits: MediaLimits) -> None:
        """Open the container, check its size, and learn from its packets when frames are shown.

        name: a format of `sniff`.
        Raises MediaCorruptError, UnsupportedMediaError (its codec), MediaTooLargeError (limits
        "pixels", "duration", "frames").
        """
        self._name, self._limits = name, limits
        rewrite = _AS_FFMPEG_READS_THEM.get(name)
        self._data = rewrite(data) if rewrite else data
        shown = self._shown(data)
        delays = delays_s(self._data) if name == "png" else []

        def last_s(packets: int) -> float | None:
            """How long the last frame is shown, where the file says so of so many of them."""
            if len(delays) == packets:
                return delays[-1]
            return shown.last_s if shown is not None and len(shown.times_s) == packets else None

        with Container(name, self._data) as container:
            self.width, self.height = container.size
            check_pixels(self.width, self.height, limits)
            self.others = container.others
            self._timeline = read_timeline(name, container, limits, last_s)
        # A file may hide more of its beginning than the length that it states tells.
        if name in _WITH_EDITS and (container.hidden > 1 or self._is_edited(data)):
            self._timeline = self._watched()
        elif shown is not None:
            self._timeline = self._timeline.corrected(shown.times_s)
        self.frames_total = len(self._timeline.times)
        self.duration_s = self._timeline.seconds
        self.truncated = ends_early(name, data) or (self._timeline.short and breaks_off(name, data))

    def _shown(self, data: bytes) -> Shown | None:
        """What a Matroska file says of its frames, if it is whole."""
        name = self._name
        if name not in _MATROSKA or ends_early(name, data) or breaks_off(name, data):
            return None
        return read_shown(data)

    def _is_edited(self, data: bytes) -> bool:
        """Whether the file says that it shows only parts of what is stored."""
        edits, timeline = read_edits(data), self._timeline
        step_s = timeline.seconds / len(timeline.times)
        # Lengths are stated roughly: a frame more or less is not hidden.
        return edits is not None and (
            edits.parts > 1 or edits.seconds + 1.5 * step_s < timeline.seconds
        )

    def _watched(self) -> Timeline:
        """What the decoder shows, whatever the file says; of long clips all that is stored.

        Raises MediaTooLargeError (limits "duration", "frames").
        """
        most = min(_WATCHED_PIXELS // (self.width * self.height), self._timeline.stored)
        with Container(self._name, self._data) as container:
            return watch_timeline(container, most + 1, self._limits) or self._timeline

    def frames(self, count: int) -> Iterator[Frame]:
        """Give `count` frames (all, of a shorter clip), upright, one of each equal stretch of time.

        See `sampled` and `at_key_frames`. A clip whose data ends early, or is damaged on the way,
        is given as far as it goes.
        Raises MediaCorruptError where not one frame can be decoded.
        """
        timeline = self._timeline
        jumps, given = self._name not in _WITHOUT_JUMPS, False
        with Reader(self._name, self._data, timeline, jumps=jumps) as reader:
            for frame in self._read(reader, self._wanted(count)):
                given = True
                yield frame
            if not given and reader.at >= 0:
                # All that can be decoded lies before the first moment.
                until = reader.at + 1
                reader.restart()
                wanted = sampled(timeline.times[:until], timeline.ends_at(until - 1), count)
                for frame in self._read(reader, wanted):
                    given = True
                    yield frame
        if not given:
            raise MediaCorruptError("Not one frame of the clip can be decoded")

    def _wanted(self, count: int) -> list[int]:
        timeline = self._timeline
        times, seconds = timeline.times, timeline.seconds
        wanted = sampled(times, seconds, count)
        if self._name not in _WITHOUT_JUMPS:
            wanted = at_key_frames(wanted, times, seconds, timeline.keys)
        if timeline.short and not self.truncated and len(wanted) > 1:
            # The container goes on: for a track of sound, or because the last frame stays.
            wanted[-1] = len(times) - 1
        return wanted

    def _read(self, reader: Reader, wanted: list[int]) -> Iterator[Frame]:
        """Decode the wanted frames as far as that goes; where it ends early, say so."""
        keys = frozenset(self._timeline.keys)
        all_keys = self._name in _WITHOUT_JUMPS
        place = 0
        while place < len(wanted):
            if not reader.advance(wanted[place]):
                self._ends_with(reader.at)
                return
            check_pixels(*reader.container.size, self._limits)
            pixels = reader.container.pixels()
            self.shrunk = self.shrunk or reader.container.shrunk
            if pixels is not None:
                self.height, self.width = pixels.shape[:2]
                time_s, until_s = self._timeline.times[reader.at], self._timeline.ends_at(reader.at)
                yield Frame(reader.at, time_s, until_s, pixels, all_keys or reader.at in keys)
                while place < len(wanted) and wanted[place] <= reader.at:
                    place += 1

    def _ends_with(self, index: int) -> None:
        if index < 0 or self._timeline.ends_at(index) >= _WHOLE_SHARE * self._timeline.seconds:
            return
        self.truncated = True
        self.frames_total = index + 1
        self.duration_s = self._timeline.ends_at(index)
