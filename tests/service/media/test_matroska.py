"""What a Matroska file says of its frames is read from its blocks."""

import math
import random
import struct
import time

import pytest

from service.media.matroska import read_shown
from tests.service.media.odd_clips import make

UNEVEN = [0, 40, 80, 1000, 1040, 70_000, 70_040]


@pytest.fixture(scope="module")
def whole() -> bytes:
    return make(UNEVEN, "matroska", last_ms=5000)


@pytest.mark.parametrize("container", ["matroska", "webm"])
def test_times_are_those_of_the_frames_in_the_order_in_which_they_are_shown(
    container: str,
) -> None:
    shown = read_shown(make(UNEVEN, container, last_ms=5000))
    assert shown is not None
    assert shown.times_s == pytest.approx([each / 1000 for each in UNEVEN])
    assert shown.last_s == pytest.approx(5)


def test_beside_sound_nothing_is_said_of_the_last_frame() -> None:
    shown = read_shown(make(UNEVEN, "matroska", last_ms=5000, sound_s=3))
    assert shown is not None
    assert shown.times_s == pytest.approx([each / 1000 for each in UNEVEN]), "blocks of sound apart"
    assert shown.last_s is None


def test_times_are_in_the_unit_that_the_file_states(whole: bytes) -> None:
    usual, twice = (
        bytes.fromhex("2ad7b183") + each.to_bytes(3, "big") for each in (10**6, 2 * 10**6)
    )
    assert whole.count(usual) == 1
    shown = read_shown(whole.replace(usual, twice))
    assert shown is not None
    assert shown.times_s == pytest.approx([each / 500 for each in UNEVEN])
    assert shown.last_s == pytest.approx(10)


@pytest.mark.parametrize(
    ("length_ms", "last_s"),
    [(70_340.0, 0.3), (70_040.0, None), (60_000.0, None), (4e9, None), (math.nan, None)],
)
def test_a_length_that_makes_no_sense_says_nothing_of_the_last_frame(
    whole: bytes, length_ms: float, last_s: float | None
) -> None:
    at = whole.index(bytes.fromhex("448988")) + 3
    shown = read_shown(whole[:at] + struct.pack(">d", length_ms) + whole[at + 8 :])
    assert shown is not None
    assert len(shown.times_s) == len(UNEVEN)
    assert shown.last_s == (None if last_s is None else pytest.approx(last_s))


def test_a_length_of_four_bytes_is_read_like_one_of_eight(whole: bytes) -> None:
    at = whole.index(bytes.fromhex("448988"))
    short = bytes.fromhex("448984") + struct.pack(">f", 72_040.0) + bytes.fromhex("ec820000")
    shown = read_shown(whole[:at] + short + whole[at + 11 :])
    assert shown is not None
    assert shown.last_s == pytest.approx(2)


def test_of_something_else_nothing_is_said() -> None:
    for data in (b"", b"\x1a\x45\xdf\xa3", bytes(1000), make(UNEVEN, "mp4")):
        assert read_shown(data) is None


def test_damage_ends_in_less_never_in_an_error(whole: bytes) -> None:
    rng = random.Random(0)
    begun = time.monotonic()
    for _ in range(300):
        damaged = bytearray(whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        shown = read_shown(bytes(damaged))
        assert shown is None or shown.times_s
    assert time.monotonic() - begun < 20


def element(kind: str, content: bytes) -> bytes:
    return bytes.fromhex(kind) + (len(content) | 1 << 28).to_bytes(4, "big") + content


EMPTY = b"\xec\x80"
INFO, TRACKS, CLUSTER, SCALE, TIME = "1549a966", "1654ae6b", "1f43b675", "2ad7b1", "e7"


@pytest.mark.parametrize(
    "more",
    [
        element(INFO, element(SCALE, b"\xff" * 200)),
        element(CLUSTER, element(TIME, b"\xff" * 200) + element("a3", b"\x81\x00\x00\x80")),
    ],
)
def test_numbers_beyond_all_measure_are_none(whole: bytes, more: bytes) -> None:
    start = whole.index(bytes.fromhex("18538067")) + 4
    endless = whole[:start] + b"\x01" + b"\xff" * 7 + whole[start + 8 :] + more
    shown = read_shown(endless)
    assert shown is not None
    assert len(shown.times_s) >= len(UNEVEN)


@pytest.mark.parametrize(
    "piece",
    [
        element(CLUSTER, EMPTY * 500_000),
        element(CLUSTER, b"\xa0\x82\xec\x80" * 500_000),
        element(INFO, EMPTY * 500_000),
        element(TRACKS, EMPTY * 500_000),
        element(TRACKS, element("ae", EMPTY * 500_000)),
    ],
)
def test_many_pieces_take_little_time(piece: bytes) -> None:
    """Empty elements, in twenty others of a segment of unknown size."""
    data = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + piece * 20
    begun = time.monotonic()
    assert read_shown(data) is None
    assert time.monotonic() - begun < 5
