"""What stands beside the picture of a PNG is left out, and changes nothing of it."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.png import chunks, delays_s, still, whole_frames
from tests.media_files import animated, with_orientation

_PACKED = zlib.compress(bytes(1_000_000))
BESIDE = {
    b"zTXt": b"words\0\0" + _PACKED,
    b"iTXt": b"words\0\1\0\0\0" + _PACKED,
    b"iCCP": b"profile\0\0" + _PACKED,
}
HEADER_END = 33


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def between(data: bytes, added: bytes) -> bytes:
    """A PNG with chunks added behind its header, before its last frame, and before its end."""
    end = len(data) - 12
    last = data.rfind(b"fcTL") - 4 if b"fcTL" in data else end
    return data[:HEADER_END] + added + data[HEADER_END:last] + added + data[last:end] + added


def kinds(data: bytes) -> list[bytes]:
    return [kind for kind, _ in chunks(data)]


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", BESIDE)
def test_what_is_packed_beside_a_picture_is_not_unpacked(
    astronaut: NDArray[np.uint8], kind: bytes, orientation: int
) -> None:
    plain = with_orientation(astronaut[:64, :96], orientation, "PNG")
    added = chunk(kind, BESIDE[kind]) * 3
    data = between(plain, added) + plain[-12:]
    assert kinds(data).count(kind) == 9
    assert still(data) == plain
    pixels = decode_picture("png", data, MediaLimits()).pixels
    assert np.array_equal(pixels, decode_picture("png", plain, MediaLimits()).pixels)
    assert pixels.shape == ((64, 96, 3) if orientation == 1 else (96, 64, 3))


@pytest.mark.parametrize("kind", BESIDE)
def test_what_is_packed_beside_an_animation_is_not_unpacked(
    astronaut: NDArray[np.uint8], kind: bytes
) -> None:
    stream = io.BytesIO()
    first, *rest = [Image.fromarray(astronaut[top : top + 64, :96]) for top in (0, 100, 200)]
    first.save(stream, "PNG", save_all=True, append_images=rest, duration=40)
    plain = stream.getvalue()
    data = between(plain, chunk(kind, BESIDE[kind]) * 3) + plain[-12:]
    assert kinds(data).count(kind) == 9
    assert whole_frames(data) == plain
    shown = [[*Clip("png", each, MediaLimits()).frames(3)] for each in (data, plain)]
    for frame, same in zip(*shown, strict=True):
        assert np.array_equal(frame.pixels, same.pixels)


def test_without_anything_beside_it_a_file_stays_as_it_is(astronaut: NDArray[np.uint8]) -> None:
    data = with_orientation(astronaut[:64, :96], 6, "PNG")
    assert still(data) is data


def test_of_an_animation_that_ends_early_the_frame_it_ends_in_is_left_out(
    astronaut: NDArray[np.uint8],
) -> None:
    pictures = [astronaut[top : top + 64, :96] for top in (0, 100, 200)]
    data = animated(pictures, [40] * 3, "PNG")
    third = data.rindex(b"fcTL") - 4
    for end in (third, third + 60, len(data) - 12):
        assert whole_frames(data[:end]).count(b"fcTL") == (1 if end == third else 2)
    assert whole_frames(data + b"more") == data


def test_a_frame_is_shown_for_the_share_of_a_second_that_it_states() -> None:
    shares = ((3, 25), (7, 0), (0, 30))
    controls = [struct.pack(">5I2H2B", 0, 9, 9, 0, 0, *share, 0, 0) for share in shares]
    data = bytes(8) + chunk(b"tEXt", bytes(26)) + b"".join(chunk(b"fcTL", c) for c in controls)
    assert delays_s(data) == [3 / 25, 7 / 100, 0]
    assert delays_s(data[:-1]) == [3 / 25, 7 / 100]
    assert delays_s(bytes(8) + chunk(b"fcTL", b"")) == []


def test_pixels_are_square_as_in_browsers_whatever_an_animation_says(
    astronaut: NDArray[np.uint8],
) -> None:
    data = animated([astronaut[:64, :96], astronaut[64:128, :96]], [40, 40], "PNG")
    wide = chunk(b"pHYs", struct.pack(">IIB", 2000, 4000, 1))
    clip = Clip("png", data[:HEADER_END] + wide + data[HEADER_END:], MediaLimits())
    shown, _ = (frame.pixels for frame in clip.frames(2))
    assert (clip.width, clip.height) == (96, 64)
    assert np.array_equal(shown, astronaut[:64, :96])
