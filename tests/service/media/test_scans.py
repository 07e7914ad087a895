"""A JPEG costs no more passes than honest ones do; what it is else is in `test_jpeg`."""

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.errors import MediaCorruptError
from service.media.isolation import environment
from service.media.jpeg import has_more_scans
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from tests.media_files import encode
from tests.service.media.many_scans import of_scans, segment
from tests.service.media.shared_pieces import JPEG, of_pieces

COMMENT = 0xFE


def test_where_segments_are_too_many_to_count_there_are_too_many_scans() -> None:
    data = of_scans(2)
    for count, more in ((50_000, False), (100_000, True)):
        assert has_more_scans(data[:2] + segment(COMMENT, b"") * count + data[2:], 2) == more


@pytest.mark.parametrize("count", [2, 10, 100])
def test_scans_are_counted(count: int) -> None:
    data = of_scans(count)
    assert has_more_scans(data, count - 1)
    assert not has_more_scans(data, count)


def test_scans_longer_than_what_may_lie_between_segments_are_counted() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", progressive=True, quality=98)
    data = stream.getvalue()
    assert len(data) > 2 * 2**20
    assert has_more_scans(data, 5)
    assert not has_more_scans(data, 20)


def test_a_hundred_scans_are_read_of_a_small_picture_and_no_more() -> None:
    assert decode_picture("jpeg", of_scans(100), MediaLimits()).pixels.shape == (64, 64, 3)
    with pytest.raises(MediaCorruptError, match="at most 100 scans"):
        decode_picture("jpeg", of_scans(101), MediaLimits())


def test_the_larger_a_picture_the_fewer_scans_are_read_of_it() -> None:
    limits = MediaLimits(max_pixels=2 * 64 * 64)
    assert decode_picture("jpeg", of_scans(40), limits).pixels.shape == (64, 64, 3)
    with pytest.raises(MediaCorruptError, match="at most 40 scans"):
        decode_picture("jpeg", of_scans(41), limits)


def test_passes_over_a_large_picture_take_no_time() -> None:
    begun = time.process_time()
    with pytest.raises(MediaCorruptError):
        decode_picture("jpeg", of_scans(100, 7000), MediaLimits())
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_what_programs_write_is_read_at_the_largest_size(
    astronaut: NDArray[np.uint8], mode: str
) -> None:
    stream = io.BytesIO()
    Image.fromarray(astronaut).convert(mode).save(stream, "JPEG", progressive=True)
    limits = MediaLimits(max_pixels=512 * 512)
    assert decode_picture("jpeg", stream.getvalue(), limits).pixels.shape == astronaut.shape


def test_scans_of_other_pictures_beside_it_are_not_its_own(astronaut: NDArray[np.uint8]) -> None:
    data, other = encode(astronaut), of_scans(101)
    within = segment(COMMENT, other)
    assert other.count(b"\xff\xda") == 101
    held = data[:2] + within + data[2:] + other
    pixels = decode_picture("jpeg", held, MediaLimits()).pixels
    assert np.array_equal(pixels, decode_picture("jpeg", data, MediaLimits()).pixels)


@pytest.mark.parametrize("between", [b"no marker", b"\xff\0", b"\xff\xff", b"\xff\xd0\xff\x01"])
def test_no_scan_hides_behind_what_a_decoder_passes_over(between: bytes) -> None:
    data = of_scans(101).replace(b"\xff\xda", between + b"\xff\xda")
    with pytest.raises(MediaCorruptError, match="at most 100 scans"):
        decode_picture("jpeg", data, MediaLimits())


@pytest.mark.parametrize("filler", [segment(COMMENT, b""), b"\xff", b"\xff\0", b"\xff\xd0"])
def test_what_lies_between_scans_is_not_walked_through_for_ever(filler: bytes) -> None:
    data = of_scans(3)
    at = data.rindex(b"\xff\xda")
    begun = time.process_time()
    has_more_scans(data[:at] + filler * (20_000_000 // len(filler)) + data[at:], 3)
    assert time.process_time() - begun < 1


def decoded_by_a_worker(data: bytes) -> str:
    script = (
        "import sys\nfrom service.media.limits import MediaLimits\n"
        "from service.media.pictures import decode_picture\n"
        "print(decode_picture('tiff', sys.stdin.buffer.read(), MediaLimits()).pixels.shape)"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, input=data, capture_output=True, check=False, env=environment())
    return (told.stdout or told.stderr).decode().splitlines()[-1]


def test_a_jpeg_within_a_tiff_has_few_scans_too() -> None:
    few, many = (
        decoded_by_a_worker(of_pieces((64, 64), (64, 64), of_scans(count), JPEG))
        for count in (18, 21)
    )
    assert few == "(64, 64, 3)"
    assert many.startswith("service.errors.MediaCorruptError")
