"""A still WebP is turned as its EXIF data have it, however these begin."""

import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.webp import FILE_HEADER, chunks, file_end, with_bare_exif
from tests.media_files import encode, with_orientation

NAME = b"Exif\0\0"
LYING = 6


@pytest.fixture
def plain(astronaut: NDArray[np.uint8]) -> bytes:
    return with_orientation(astronaut[:64, :96], LYING, "WEBP")


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def named(data: bytes) -> bytes:
    """The same file with a name before its EXIF data."""
    body = b"".join(
        chunk(kind, NAME + data[start:end] if kind == b"EXIF" else data[start:end])
        for kind, start, end in chunks(data, FILE_HEADER, len(data))
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def test_a_name_before_the_data_keeps_no_picture_from_being_turned(plain: bytes) -> None:
    data = named(plain)
    assert data != plain
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    assert decoded.shape == (64, 96, 3)  # where it is (96, 64, 3), nothing need be left out
    pixels = decode_picture("webp", data, MediaLimits()).pixels
    assert pixels.shape == (96, 64, 3)
    assert np.array_equal(pixels, decode_picture("webp", plain, MediaLimits()).pixels)


def test_all_else_of_the_file_stays_as_it_is(plain: bytes) -> None:
    behind = chunk(b"XMP ", b"words") + b"what no viewer looks at"
    assert with_bare_exif(named(plain) + behind) == plain + behind
    assert file_end(plain) == len(plain)


def test_what_lies_behind_the_file_s_end_is_none_of_it(plain: bytes) -> None:
    start = plain.index(b"EXIF")
    bare = plain[:4] + struct.pack("<I", start - 8) + plain[8:start]
    assert file_end(bare) == len(bare)
    behind = bare + chunk(b"EXIF", NAME + plain[start + 8 :])
    assert with_bare_exif(behind) is behind


@pytest.mark.parametrize("odd", [b"", b"?"])
def test_data_of_an_odd_length_are_found(plain: bytes, odd: bytes) -> None:
    start = plain.index(b"EXIF")
    body = plain[FILE_HEADER:start] + chunk(b"EXIF", NAME + plain[start + 8 :] + odd)
    data = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    bare = with_bare_exif(data)
    assert file_end(bare) == len(bare) == len(data) - len(NAME)
    assert decode_picture("webp", data, MediaLimits()).pixels.shape == (96, 64, 3)


def test_without_a_name_a_file_stays_as_it_is(astronaut: NDArray[np.uint8], plain: bytes) -> None:
    short = chunk(b"EXIF", NAME[:5])
    for data in (plain, encode(astronaut, ".webp"), plain[:FILE_HEADER] + short):
        assert with_bare_exif(data) is data


def test_wherever_a_file_with_a_name_is_cut_it_is_refused(plain: bytes) -> None:
    data = named(plain)
    for end in range(30, len(data)):
        with pytest.raises(MediaCorruptError):
            decode_picture("webp", data[:end], MediaLimits())


def test_chunks_are_not_walked_through_for_ever(plain: bytes) -> None:
    start = named(plain).index(b"EXIF")
    many = plain[:start] + chunk(b"none", b"") * 100 + named(plain)[start:]
    hostile = many[:4] + struct.pack("<I", len(many) - 8) + many[8:]
    assert with_bare_exif(hostile) is hostile
