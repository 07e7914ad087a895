"""Clips that tell which frame each of their frames is, with times and tracks as they come."""

import io
import struct
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.sampling import at_key_frames, sampled
from service.media.sniff import sniff

Pixels = NDArray[np.uint8]
BITS, STRIPE, HEIGHT = 12, 16, 64
_CODECS = {"mp4": "libx264", "mov": "libx264", "matroska": "libx264", "webm": "libvpx"}
_OPTIONS = {"libx264": {"preset": "veryfast"}, "libvpx": {"deadline": "realtime", "cpu-used": "8"}}
_CLOCK = Fraction(1, 1000)


def numbered(number: int) -> Pixels:
    """A picture of a number: a stripe for each bit."""
    bits = [255 * (number >> bit & 1) for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8), STRIPE)
    return np.broadcast_to(row[None, :, None], (HEIGHT, BITS * STRIPE, 3)).copy()


def number_of(pixels: Pixels) -> int:
    """The number in a decoded picture."""
    middles = pixels[HEIGHT // 2, STRIPE // 2 :: STRIPE].mean(axis=1) > 127
    return sum(1 << bit for bit in range(BITS) if middles[bit])


def make(
    times_ms: Sequence[int],
    container: str = "mp4",
    *,
    keyframe_every: int = 12,
    sound_s: float = 0.0,
    last_ms: int = 0,
    rate: int = 25,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """A clip whose frames show their own numbers.

    container: of PyAV. sound_s: length of a silent track. last_ms: how long the last frame stays.
    rate: frames a second that the file says it has. options: of the encoder, instead of the usual.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        codec = _CODECS[container]
        video = output.add_stream(codec, rate=rate, options=dict(options or _OPTIONS[codec]))
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = BITS * STRIPE, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = _CLOCK
        video.codec_context.gop_size = keyframe_every
        sound = output.add_stream("libopus", rate=48000) if sound_s else None
        packets: list[Any] = []
        for number, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            frame.pts, frame.time_base = time_ms, _CLOCK
            packets += video.encode(frame)
        packets += video.encode(None)
        if last_ms:
            shown_last = max(packets, key=lambda packet: packet.pts)
            shown_last.duration = round(Fraction(last_ms, 1000) / shown_last.time_base)
        if sound is not None:
            assert isinstance(sound, av.AudioStream)
            packets += _silence(sound, sound_s)
        packets.sort(key=lambda packet: (packet.dts or 0) * packet.time_base)
        for packet in packets:
            output.mux(packet)
    return buffer.getvalue()


def _silence(stream: av.AudioStream, seconds: float) -> list[Any]:
    packets: list[Any] = []
    for start in range(0, int(48000 * seconds), 960):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def animated_png(frames: Sequence[Pixels], durations_ms: Sequence[int], hidden: bool) -> bytes:
    """An APNG; hidden: the first frame is only what viewers show that know no animations."""
    first, *rest = [Image.fromarray(pixels) for pixels in frames]
    buffer = io.BytesIO()
    first.save(
        buffer,
        "PNG",
        save_all=True,
        append_images=rest,
        duration=list(durations_ms),
        default_image=hidden,
    )
    return buffer.getvalue()


def trimmed(data: bytes, seconds: Fraction) -> bytes:
    """An MP4 without its first seconds, but with the frames that the next ones are made from."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is None or packet.pts is None:
                continue
            shift = int(seconds / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            output.mux(packet)
    return buffer.getvalue()


def edited(data: bytes, *edits: Sequence[tuple[int, int]]) -> bytes:
    """An MP4, its index at the end, with other edit lists for its only track.

    edits: of each list the parts, as (length in ms, first moment in the track's own clock).
    """
    lists = b""
    for parts in edits:
        entries = b"".join(struct.pack(">Iii", *part, 1 << 16) for part in parts)
        inner = struct.pack(">II", 0, len(parts)) + entries
        lists += _box(b"edts", _box(b"elst", inner))

    def rebuilt(content: bytes) -> bytes:
        made, at = b"", 0
        while at < len(content):
            (size,) = struct.unpack_from(">I", content, at)
            kind, inner = content[at + 4 : at + 8], content[at + 8 : at + size]
            if kind == b"mdia":
                made += lists
            if kind != b"edts":
                made += _box(kind, rebuilt(inner) if kind in (b"moov", b"trak") else inner)
            at += size
        return made

    return rebuilt(data)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def without_last_length(data: bytes) -> bytes:
    """An MP4 whose last frame lasts for no time: that of its own, and of its track."""
    out = bytearray(data)
    table, header = out.index(b"stts") + 4, out.index(b"mdhd") + 4
    (entries,) = struct.unpack_from(">I", out, table + 4)
    last = table + 8 * entries
    count, length = struct.unpack_from(">2I", out, last)
    assert count == 1
    (whole,) = struct.unpack_from(">I", out, header + 16)
    struct.pack_into(">2I", out, last, 1, 0)
    struct.pack_into(">I", out, header + 16, whole - length)
    return bytes(out)


def zeroed_from(data: bytes, share: float) -> bytes:
    """A file of which only a first part was ever received."""
    kept = int(len(data) * share)
    return data[:kept] + bytes(len(data) - kept)


def with_media_zeroed_from(data: bytes, share: float) -> bytes:
    """An MP4 of which the first part of the frames was received, and all that says where."""
    at = data.index(b"mdat") + 4
    (size,) = struct.unpack_from(">I", data, at - 8)
    kept, end = at + int((size - 8) * share), at - 8 + size
    return data[:kept] + bytes(end - kept) + data[end:]


def read(data: bytes, count: int) -> tuple[Clip, list[int]]:
    """A clip, read; and the numbers seen, which must be those of the frames by index."""
    clip = Clip(sniff(data).name, data, MediaLimits())
    frames = list(clip.frames(count))
    numbers = [number_of(frame.pixels) for frame in frames]
    assert [frame.index for frame in frames] == numbers
    return clip, numbers


def key_frames(data: bytes) -> list[int]:
    """Which frames, in the order in which they are shown, a clip's packets call key frames."""
    with av.open(io.BytesIO(data), "r") as source:
        packets = [each for each in source.demux(video=0) if each.pts is not None]
    packets.sort(key=lambda packet: packet.pts or 0)
    return [place for place, packet in enumerate(packets) if packet.is_keyframe]


def shows_what_viewers_see(
    numbers: Sequence[int], times_ms: Sequence[int], seconds: float, count: int, keys: Sequence[int]
) -> bool:
    """Whether of what is on screen in the middle of each of `count` equal stretches all was looked
    at, or instead a key frame within a second of it."""
    start = times_ms[0]
    moments = (start + (i + 0.5) * 1000 * seconds / count for i in range(count))
    seen = {bisect_right(times_ms, moment) - 1 for moment in moments}
    instead = {*numbers} & {*keys}
    return all(
        frame in numbers or any(abs(times_ms[key] - times_ms[frame]) <= 1000 for key in instead)
        for frame in seen
    )


def asked_for(
    times_ms: Sequence[int], seconds: float, count: int, keys: Sequence[int]
) -> list[int]:
    """Which of a clip's frames the rules of sampling, tested by themselves, ask for."""
    times = [(each - times_ms[0]) / 1000 for each in times_ms]
    return at_key_frames(sampled(times, seconds, count), times, seconds, keys)
