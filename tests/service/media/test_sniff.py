"""Formats are told by bytes alone."""

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import InvalidRequestError, UnsupportedMediaError
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from tests.media_files import animated, clip, encode, moving, with_orientation


@pytest.mark.parametrize(
    ("extension", "name"),
    [(".jpg", "jpeg"), (".png", "png"), (".webp", "webp"), (".bmp", "bmp"), (".tiff", "tiff")],
)
def test_pictures(astronaut: NDArray[np.uint8], extension: str, name: str) -> None:
    found = sniff(encode(astronaut[:64, :64], extension))
    assert (found.name, found.family) == (name, "picture")


@pytest.mark.parametrize(
    ("container", "name"),
    [("mp4", "mp4"), ("mov", "mov"), ("webm", "webm"), ("mkv", "mkv"), ("avi", "avi")],
)
def test_clips(astronaut: NDArray[np.uint8], container: str, name: str) -> None:
    found = sniff(clip(moving(astronaut[:64, :64], 3), container))
    assert (found.name, found.family) == (name, "clip")


@pytest.mark.parametrize("kind", [b"free", b"skip"])
def test_a_clip_may_begin_with_room_left_free(astronaut: NDArray[np.uint8], kind: bytes) -> None:
    whole = clip(moving(astronaut[:64, :64], 3))
    data = whole[:4] + kind + whole[8:]
    found = sniff(data)
    assert found.family == "clip"
    assert len([*Clip(found.name, data, MediaLimits()).frames(8)]) == 3


def test_animations(astronaut: NDArray[np.uint8]) -> None:
    frames = moving(astronaut[:64, :64], 3)
    for kind, name in (("GIF", "gif"), ("WEBP", "webp")):
        found = sniff(animated(frames, [40] * 3, kind))  # type: ignore[arg-type]
        assert (found.name, found.family) == (name, "animation")


def test_a_still_extended_webp_is_a_picture(astronaut: NDArray[np.uint8]) -> None:
    assert sniff(with_orientation(astronaut[:64, :64], 6, "WEBP")).family == "picture"


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@pytest.mark.parametrize(
    "behind_header",
    [
        chunk(b"acTL", struct.pack(">II", 3, 0)),
        chunk(b"acTL", b""),
        chunk(b"acTL", bytes(8)) + chunk(b"fcTL", struct.pack(">7IH", *[0] * 8)[:26]),
    ],
)
def test_a_png_that_only_announces_an_animation_is_a_picture(
    astronaut: NDArray[np.uint8], behind_header: bytes
) -> None:
    data = encode(astronaut[:64, :64], ".png")
    still = data[:33] + behind_header + data[33:]
    found = sniff(still)
    assert (found.name, found.family) == ("png", "picture")
    pixels = decode_picture(found.name, still, MediaLimits()).pixels
    assert np.array_equal(pixels, astronaut[:64, :64])
    behind = chunk(b"fcTL", bytes(26))
    assert sniff(still + behind).family == "picture"


def test_frames_of_an_animation_are_not_looked_for_without_end(
    astronaut: NDArray[np.uint8],
) -> None:
    """The event loop waits for it."""
    data = encode(astronaut[:16, :16], ".png")
    nothing = bytes(4) + b"teXt" + zlib.crc32(b"teXt").to_bytes(4, "big")
    announced = data[:33] + chunk(b"acTL", struct.pack(">II", 3, 0)) + data[33:-12]
    assert sniff(announced + nothing * 100 + data[-12:]).family == "picture"
    assert sniff(announced + nothing * 5000 + data[-12:]).family == "animation"


def test_a_png_with_endless_chunks_before_its_picture_is_unsupported(
    astronaut: NDArray[np.uint8],
) -> None:
    data = encode(astronaut[:16, :16], ".png")
    nothing = bytes(4) + b"teXt" + zlib.crc32(b"teXt").to_bytes(4, "big")
    assert sniff(data[:33] + nothing * 100 + data[33:]).family == "picture"
    with pytest.raises(UnsupportedMediaError):
        sniff(data[:33] + nothing * 5000 + data[33:])


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is text",
        b"%PDF-1.7 and more",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00",
        b"PK\x03\x04",
        b"\xff",
        b"BMW is a maker of cars",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_anything_else_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        sniff(data)


@pytest.mark.parametrize("start", [b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"])
def test_a_bigtiff_is_told_that_it_is_not_read(start: bytes) -> None:
    with pytest.raises(UnsupportedMediaError, match="no BigTIFF"):
        sniff(start + bytes(100))


def test_no_bytes_are_no_request() -> None:
    with pytest.raises(InvalidRequestError):
        sniff(b"")
