"""A frame has the size that it was encoded in, whatever its container states."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaTooLargeError
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from tests.media_files import moving

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 352, 288
RATE = 25


def encoded(
    astronaut: Pixels, container: str, codec: str, pixels: str, aspect: Fraction = Fraction(1)
) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx" else {}
        track = output.add_stream(codec, rate=RATE, options=options)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = WIDTH, HEIGHT, pixels
        track.codec_context.sample_aspect_ratio = aspect
        for picture in moving(astronaut[:HEIGHT, :WIDTH], 12):
            output.mux(track.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(track.encode(None))
    return buffer.getvalue()


def in_matroska(data: bytes, width: int, height: int) -> bytes:
    across, down = b"\xb0\x82" + struct.pack(">H", WIDTH), b"\xba\x82" + struct.pack(">H", HEIGHT)
    assert across in data
    assert down in data
    restated = data.replace(across, across[:2] + struct.pack(">H", width), 1)
    return restated.replace(down, down[:2] + struct.pack(">H", height), 1)


def in_avi(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"strf") + 12
    assert struct.unpack_from("<ii", data, at) == (WIDTH, HEIGHT)
    return data[:at] + struct.pack("<ii", width, height) + data[at + 8 :]


def in_quicktime(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"stsd") + 44
    assert struct.unpack_from(">HH", data, at) == (WIDTH, HEIGHT)
    return data[:at] + struct.pack(">HH", width, height) + data[at + 4 :]


Restate = Callable[[bytes, int, int], bytes]
KINDS: list[tuple[str, str, str, Restate]] = [
    ("webm", "libvpx", "yuv420p", in_matroska),
    ("matroska", "libvpx", "yuv420p", in_matroska),
    ("avi", "libvpx", "yuv420p", in_avi),
    ("avi", "flv", "yuv420p", in_avi),
    ("mov", "svq1", "yuv410p", in_quicktime),
]


def read(data: bytes, limits: MediaLimits | None = None) -> tuple[Clip, list[Pixels]]:
    clip = Clip(sniff(data).name, data, limits or MediaLimits())
    return clip, [frame.pixels for frame in clip.frames(5)]


@pytest.mark.parametrize("size", [(16, 16), (240, 64), (400, 300)])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_container_states_hides_nothing(
    astronaut: Pixels, kind: tuple[str, str, str, Restate], size: tuple[int, int]
) -> None:
    container, codec, pixels, restate = kind
    data = encoded(astronaut, container, codec, pixels)
    _, honest = read(data)
    clip, frames = read(restate(data, *size))
    assert (clip.width, clip.height) == (WIDTH, HEIGHT)
    assert all(np.array_equal(*pair) for pair in zip(frames, honest, strict=True))


def test_the_limit_is_of_what_is_decoded(astronaut: Pixels) -> None:
    data = in_matroska(encoded(astronaut, "webm", "libvpx", "yuv420p"), 16, 16)
    assert len(read(data, MediaLimits(max_pixels=WIDTH * HEIGHT))[1]) == 5
    with pytest.raises(MediaTooLargeError) as caught:
        read(data, MediaLimits(max_pixels=WIDTH * HEIGHT - 1))
    assert caught.value.limit == "pixels"


def test_pixels_that_are_not_square_are_still_heeded(astronaut: Pixels) -> None:
    data = encoded(astronaut, "mov", "svq1", "yuv410p", Fraction(2))
    wide, frames = read(in_quicktime(data, 64, 64))
    assert frames[0].shape == (HEIGHT, 2 * WIDTH, 3)
    assert (wide.width, wide.height) == (2 * WIDTH, HEIGHT)
