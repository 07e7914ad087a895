"""Clips are read in the codecs that people use; no decoder shows what lies in memory."""

import io
import struct
import zlib

import av
import numpy as np
import pytest

from service.errors import UnsupportedMediaError
from service.media.clips import Clip
from service.media.codecs import READ
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from service.media.workers import MediaWorkers
from tests.media_files import CONTAINERS, Pixels, clip, moving
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import with_workers

SIDE = 256
NOTHING = zlib.compress(b"")
# A picture of one block, which unpacks to nothing.
SCREEN = struct.pack(">IH", 15 << 28 | SIDE << 16 | 15 << 12 | SIDE, len(NOTHING)) + NOTHING
# Greys, but for the second: what it says to zlib's decoder is that pixels are of 24 bits.
PALETTE = bytes([0, 0, 0, 0, 2, 1, 0, 3]) + b"".join(bytes([grey] * 4) for grey in range(2, 256))
# Their decoders take memory for a whole picture, and show it where a frame fills none of it.
LEAKING = {
    "flashsv": (b"FSV1", 24, SCREEN),
    "zlib": (b"ZLIB", 8, NOTHING),
    "rawvideo": (b"raw ", 8, bytes(SIDE)),
}
OTHERS = [
    ("mov", "prores_ks", "yuv422p10le"),
    ("mov", "png", "rgba"),
    ("mov", "qtrle", "rgb24"),
    ("mov", "cfhd", "yuv422p10le"),
    ("mov", "jpeg2000", "yuv422p"),
    ("matroska", "libvpx", "yuv420p"),
    ("matroska", "ffv1", "yuv420p"),
    ("avi", "mjpeg", "yuvj420p"),
    ("avi", "mpeg2video", "yuv420p"),
    ("avi", "msmpeg4", "yuv420p"),
    ("avi", "wmv2", "yuv420p"),
    ("avi", "huffyuv", "yuv422p"),
    ("avi", "utvideo", "yuv420p"),
    ("avi", "rawvideo", "bgr24"),
    ("avi", "rawvideo", "yuv420p"),
    ("mov", "rawvideo", "uyvy422"),
    ("matroska", "rawvideo", "rgba"),
]


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(codec: bytes, bits: int, packet: bytes) -> bytes:
    """An AVI of one packet, with a palette. bits: of a pixel."""
    header = struct.pack("<14I", 40_000, 0, 0, 0, 1, 0, 1, 0, SIDE, SIDE, *[0] * 4)
    stream = struct.pack("<4s4s10I4H", b"vids", codec, *[0] * 4, 1, 25, 0, 1, *[0] * 6)
    picture = struct.pack("<IiiHH4s5I", 40, SIDE, SIDE, 1, bits, codec, *[0] * 5) + PALETTE
    tracks = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    lists = chunk(b"LIST", b"hdrl" + chunk(b"avih", header) + tracks)
    return chunk(b"RIFF", b"AVI " + lists + chunk(b"LIST", b"movi" + chunk(b"00dc", packet)))


def read(data: bytes) -> list[Pixels]:
    return [frame.pixels for frame in Clip(sniff(data).name, data, MediaLimits()).frames(16)]


@pytest.mark.parametrize("codec", LEAKING)
def test_a_codec_that_nobody_films_in_is_refused_by_its_name(codec: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=f"Clips in the codec {codec} are not read"):
        read(avi(*LEAKING[codec]))


def test_so_is_one_that_nobody_knows() -> None:
    with pytest.raises(UnsupportedMediaError, match="Clips in this codec are not read"):
        read(avi(b"BRAW", 24, bytes(99)))


@pytest.mark.parametrize("codec", LEAKING)
def test_even_their_decoders_show_nothing_of_what_a_worker_held_before(codec: str) -> None:
    async def test(pool: MediaWorkers) -> None:
        data = avi(*LEAKING[codec])
        assert await pool.run(jobs.values_behind_the_list, codec, data, timeout_s=10) == [0]

    with_workers(test, 1)


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_phones_and_the_web_make_is_read(astronaut: Pixels, container: str) -> None:
    assert len(read(clip(moving(astronaut, 4), container))) == 4


@pytest.mark.parametrize(("container", "codec", "pixel_format"), OTHERS)
def test_what_cameras_and_editors_make_is_read(
    astronaut: Pixels, container: str, codec: str, pixel_format: str
) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        video = output.add_stream(codec, rate=25)
        assert isinstance(video, av.VideoStream)
        video.height, video.width = astronaut.shape[:2]
        video.pix_fmt = pixel_format
        for pixels in moving(astronaut, 4):
            output.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(video.encode(None))
    first, *others = read(buffer.getvalue())
    assert np.abs(first.astype(int) - astronaut).mean() < 12
    assert len(others) == 3


def test_there_is_a_decoder_for_each_codec_of_the_list() -> None:
    there = set()
    for name in av.codecs_available:
        try:
            there.add(av.Codec(name, "r").canonical_name)
        except av.codec.codec.UnknownCodecError:
            continue  # an encoder
    assert there >= READ
