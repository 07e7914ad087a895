"""What precedes the data of a JPEG, and where this ends; more is in `test_pictures`."""

import struct
import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.headers import picture_size
from service.media.jpeg import without_end
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from tests.media_files import encode


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


def test_no_size_is_read_where_the_decoder_reads_none(astronaut: NDArray[np.uint8]) -> None:
    """Behind 0xFF 0x00 it reads on: what seems to be a long segment is all of the header."""
    data = encode(astronaut)
    scan = data.index(b"\xff\xda")
    header = data[2:scan]
    small = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 64, 64, 3) + bytes(9)
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(small))
    hidden = b"\xff\x00" + struct.pack(">H", 2 + len(header) + len(comment)) + header + comment
    hostile = data[:2] + hidden + small + data[scan:]
    decoded = cv2.imdecode(np.frombuffer(hostile, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    assert decoded.shape == astronaut.shape
    with pytest.raises(MediaCorruptError):
        decode_picture("jpeg", hostile, MediaLimits())
