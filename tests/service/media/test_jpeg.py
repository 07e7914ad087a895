"""What precedes the data of a JPEG, and where this ends; more is in `test_pictures`."""

import io
import itertools
import random
import struct
import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media.headers import picture_size
from service.media.jpeg import without_end
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from tests.media_files import encode

SMALL = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 64, 64, 3) + b"\1\x22\0\2\x11\1\3\x11\1"


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\x01"])
def test_what_precedes_a_picture_is_not_walked_through_for_ever(filler: bytes) -> None:
    hostile = b"\xff\xd8" + filler * (40_000_000 // len(filler))
    begun = time.perf_counter()
    assert without_end(hostile) == hostile
    with pytest.raises(MediaCorruptError):
        picture_size("jpeg", hostile)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("missing", [2, 1])
def test_a_picture_that_lacks_its_end_marker_alone_is_whole(
    astronaut: NDArray[np.uint8], missing: int
) -> None:
    data = encode(astronaut)
    pixels = decode_picture("jpeg", data[:-missing], MediaLimits()).pixels
    assert (pixels == cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)).all()
    with pytest.raises(MediaCorruptError):
        decode_picture("jpeg", data[:-200], MediaLimits())


@pytest.mark.parametrize("quality", [80, 97])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_noughts_to_its_full_length_do_not_make_a_picture_whole(
    astronaut: NDArray[np.uint8], share: float, quality: int
) -> None:
    data = encode(astronaut, quality=quality)
    whole = decode_picture("jpeg", data[:-2] + bytes(5000), MediaLimits()).pixels
    assert (whole == decode_picture("jpeg", data, MediaLimits()).pixels).all()
    received = data[: int(len(data) * share)]
    with pytest.raises(MediaCorruptError):
        decode_picture("jpeg", received.ljust(len(data), b"\0"), MediaLimits())


def split(data: bytes) -> list[bytes]:
    """The segments before a picture's data, and from its scan on the rest."""
    at, pieces = 2, []
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        pieces.append(data[at:end])
        at = end
    return [*pieces, data[at:]]


def with_gaps(data: bytes, *gaps: bytes) -> bytes:
    """A picture with something before each of its segments but the first, in turn."""
    first, *others = split(data)
    turns = itertools.cycle(gaps)
    return data[:2] + first + b"".join(next(turns) + piece for piece in others)


@pytest.mark.parametrize("gap", [b"\0", b"abc", bytes(1000), b"\xff\0", b"\xff\xff", b"\xff\x01\0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_what_lies_between_segments_is_passed_over(
    astronaut: NDArray[np.uint8], gap: bytes, progressive: bool
) -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(astronaut[:93, :171]).save(stream, "JPEG", exif=exif, progressive=progressive)
    plain = decode_picture("jpeg", stream.getvalue(), MediaLimits()).pixels
    assert plain.shape == (171, 93, 3)
    untidy = with_gaps(stream.getvalue(), gap)
    assert picture_size("jpeg", untidy) == (171, 93)
    assert np.array_equal(decode_picture("jpeg", untidy, MediaLimits()).pixels, plain)


@pytest.mark.parametrize("gap", [b"abc", b"\xff\xff"])
def test_no_gap_hides_that_the_data_end_early(astronaut: NDArray[np.uint8], gap: bytes) -> None:
    untidy = with_gaps(encode(astronaut), gap)
    for share in (0.5, 0.8, 0.95):
        with pytest.raises(MediaCorruptError):
            decode_picture("jpeg", untidy[: int(len(untidy) * share)] + b"\xff\xd9", MediaLimits())


def test_as_much_is_passed_over_as_mistakes_leave_and_no_more(
    astronaut: NDArray[np.uint8],
) -> None:
    data = encode(astronaut[:93, :171])
    assert [piece[1] for piece in split(data)].index(0xC0) == 3
    assert picture_size("jpeg", with_gaps(data, bytes(2**20 // 3 - 1))) == (171, 93)
    with pytest.raises(MediaCorruptError, match="no size"):
        picture_size("jpeg", with_gaps(data, bytes(2**20 // 3 + 1)))


def test_the_size_is_the_one_that_the_decoder_reads(astronaut: NDArray[np.uint8]) -> None:
    """Behind 0xFF 0x00 it reads on: what seems to be a long segment is all of the header."""
    data = encode(astronaut)
    scan = data.index(b"\xff\xda")
    header = data[2:scan]
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(SMALL))
    hidden = b"\xff\x00" + struct.pack(">H", 2 + len(header) + len(comment)) + header + comment
    hostile = data[:2] + hidden + SMALL + data[scan:]
    assert picture_size("jpeg", hostile) == (512, 512)
    assert decode_picture("jpeg", hostile, MediaLimits()).pixels.shape == astronaut.shape
    with pytest.raises(MediaTooLargeError):
        decode_picture("jpeg", hostile, MediaLimits(max_pixels=512 * 512 - 1))


def test_no_gap_hides_the_size_that_the_decoder_reads(astronaut: NDArray[np.uint8]) -> None:
    """What looks like a header's end, a length or another size is one only where it is read."""
    dice = random.Random(7)
    parts = [b"\xff", b"\0", b"\xff\0", b"\xff\x01", b"\xff\xd3", b"\xff\xd9", SMALL, SMALL[1:]]
    comments = [b"\xff\xfe" + bytes((0, length)) for length in (0, 1, 2, 5, 21, 21, 21)]
    data, seen = encode(astronaut[:93, :171]), set()
    for _ in range(3000):
        gaps = [b"".join(dice.choices(parts + comments, k=dice.randrange(4))) for _ in range(3)]
        hostile = with_gaps(data, *gaps, b"", b"", b"", b"", b"")
        decoded = cv2.imdecode(np.frombuffer(hostile, np.uint8), cv2.IMREAD_COLOR_RGB)
        if decoded is not None:
            height, width = decoded.shape[:2]
            assert picture_size("jpeg", hostile) == (width, height)
            seen.add(width)
    assert seen == {64, 171}
