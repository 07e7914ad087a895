"""Bitmaps in runs of a colour are refused: nothing here draws all of them as they are meant."""

import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.headers import picture_size
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff

PLAIN, RLE8, RLE4 = range(3)
HEADER_SIZES = (40, 52, 56, 64, 108, 124)


def in_runs(grey: NDArray[np.uint8], header_size: int, compression: int) -> bytes:
    """A bitmap of 256 colours, whose rows are filled up to four bytes before they are coded."""
    height, width = grey.shape
    filled = np.pad(grey, ((0, 0), (0, -width % 4)))
    runs = b"".join(
        b"".join(bytes((1, value)) for value in row) + b"\0\0" for row in filled[::-1].tolist()
    )
    coded = runs + b"\0\1"
    palette = b"".join(bytes((value, value, value, 0)) for value in range(256))
    start = 14 + header_size + len(palette)
    header = struct.pack(
        "<IiiHHIIiiII", header_size, width, height, 1, 8, compression, len(coded), 0, 0, 256, 0
    )
    file = struct.pack("<2sIHHI", b"BM", start + len(coded), 0, 0, start)
    return file + header.ljust(header_size, b"\0") + palette + coded


@pytest.mark.parametrize("compression", [RLE8, RLE4])
@pytest.mark.parametrize("header_size", HEADER_SIZES)
def test_a_bitmap_in_runs_is_refused(
    astronaut: NDArray[np.uint8], header_size: int, compression: int
) -> None:
    data = in_runs(astronaut[:48, :62, 1], header_size, compression)
    assert picture_size(sniff(data).name, data) == (62, 48)
    with pytest.raises(MediaCorruptError, match="not read here: as a bitmap in runs"):
        decode_picture("bmp", data, MediaLimits())


def test_the_decoder_shifts_what_is_filled_up(astronaut: NDArray[np.uint8]) -> None:
    """Where it no longer does, bitmaps in runs can be read."""
    grey = astronaut[:48, :62, 1]
    drawn = cv2.imdecode(np.frombuffer(in_runs(grey, 40, RLE8), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert drawn is not None
    assert np.abs(drawn.astype(int) - grey).mean() > 20


def test_a_bitmap_of_few_colours_is_read(astronaut: NDArray[np.uint8]) -> None:
    grey = astronaut[:48, :62, 1]
    data = cv2.imencode(".bmp", grey)[1].tobytes()
    assert struct.unpack_from("<HI", data, 28) == (8, PLAIN)
    assert np.array_equal(decode_picture("bmp", data, MediaLimits()).pixels[..., 0], grey)


@pytest.mark.parametrize("green", [RLE8, RLE4])
def test_a_short_header_has_no_compression(green: int) -> None:
    """Pixels stand in its place."""
    row = bytes((1, 2, 3, 4, green, 0, 0, 0))
    header = struct.pack("<2sIIIIHHHH", b"BM", 26 + len(row), 0, 26, 12, 2, 1, 1, 24)
    data = header + row
    assert struct.unpack_from("<I", data, 30) == (green,)
    shown = decode_picture("bmp", data, MediaLimits()).pixels
    assert shown.tolist() == [[[3, 2, 1], [0, green, 4]]]
