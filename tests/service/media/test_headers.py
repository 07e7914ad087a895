"""Sizes come from headers, and a header alone never costs memory."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media import pictures
from service.media.headers import picture_size
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from tests.media_files import animated, encode, with_orientation

HUGE = 50_000


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_reads_the_size_opencv_reads(astronaut: NDArray[np.uint8], extension: str) -> None:
    data = encode(astronaut[:93, :171], extension)
    assert picture_size(sniff(data).name, data) == (171, 93)


def test_reads_every_kind_of_webp(astronaut: NDArray[np.uint8]) -> None:
    pixels = astronaut[:93, :171]
    for data in (
        with_orientation(pixels, 6, "WEBP"),
        animated([pixels, pixels[::-1]], [40, 40], "WEBP"),
    ):
        assert picture_size(sniff(data).name, data) == (171, 93)


def test_reads_a_lossy_webp_without_a_canvas(astronaut: NDArray[np.uint8]) -> None:
    data = cv2.imencode(".webp", astronaut[:93, :171], (cv2.IMWRITE_WEBP_QUALITY, 80))[1].tobytes()
    assert data[12:16] == b"VP8 "
    assert picture_size("webp", data) == (171, 93)


def test_reads_the_whole_of_a_canvas_of_three_bytes() -> None:
    data = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\x02\x00\x01\x04\x05\x06"
    assert picture_size("webp", data) == (1 + 0x010002, 1 + 0x060504)


def test_a_bitmap_of_os_2_is_read() -> None:
    rows = bytes((1, 2, 3, 4, 5, 6, 0, 0)) + bytes((7, 8, 9, 10, 11, 12, 0, 0))
    header = struct.pack("<2sIIIIHHHH", b"BM", 26 + len(rows), 0, 26, 12, 2, 2, 1, 24)
    assert picture_size(sniff(header).name, header) == (2, 2)
    pixels = decode_picture("bmp", header + rows, MediaLimits()).pixels
    assert pixels.tolist() == [[[9, 8, 7], [12, 11, 10]], [[3, 2, 1], [6, 5, 4]]]


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_a_picture_without_a_side_gives_no_size(
    astronaut: NDArray[np.uint8], width: int, height: int
) -> None:
    data = encode(astronaut[:1, :1], ".bmp")
    assert picture_size("bmp", data) == (1, 1)
    with pytest.raises(MediaCorruptError, match="no size"):
        picture_size("bmp", data[:18] + struct.pack("<ii", width, height) + data[26:])


def test_a_png_that_does_not_begin_with_its_header_gives_no_size(
    astronaut: NDArray[np.uint8],
) -> None:
    data = encode(astronaut[:16, :16], ".png")
    apples = struct.pack(">I", 4) + b"CgBI" + bytes(8)
    with pytest.raises(MediaCorruptError, match="damaged"):
        picture_size("png", data[:8] + apples + data[8:])


def _huge_jpeg(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", HUGE, HUGE) + data[at + 9 :]


def _huge_png(data: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">II", HUGE, HUGE) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def _huge_bmp(data: bytes) -> bytes:
    return data[:18] + struct.pack("<ii", HUGE, -HUGE) + data[26:]


@pytest.mark.parametrize(
    ("extension", "enlarge"), [(".jpg", _huge_jpeg), (".png", _huge_png), (".bmp", _huge_bmp)]
)
def test_a_huge_header_is_refused_before_anything_is_allocated(
    astronaut: NDArray[np.uint8], extension: str, enlarge: Callable[[bytes], bytes]
) -> None:
    data = enlarge(encode(astronaut[:64, :64], extension))
    tracemalloc.start()
    with pytest.raises(MediaTooLargeError) as caught:
        decode_picture(sniff(data).name, data, MediaLimits())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.limit == "pixels"
    assert peak < 2**20


def test_what_is_decoded_keeps_the_limit_whatever_the_header_says(
    astronaut: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "picture_size", lambda *_: (16, 16))
    with pytest.raises(MediaTooLargeError) as caught:
        decode_picture("png", encode(astronaut, ".png"), MediaLimits(max_pixels=512 * 512 - 1))
    assert caught.value.limit == "pixels"


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_every_cut_through_the_header_is_typed(
    astronaut: NDArray[np.uint8], extension: str
) -> None:
    data = encode(astronaut[:16, :16], extension)
    name = sniff(data).name
    for end in range(4, min(len(data), 200)):
        try:
            size = picture_size(name, data[:end])
        except MediaCorruptError:
            continue
        assert size == (16, 16)


def test_a_jpeg_without_a_frame_header_gives_no_size() -> None:
    with pytest.raises(MediaCorruptError):
        picture_size("jpeg", b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9")
