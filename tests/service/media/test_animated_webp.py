"""Animated WebP, which the clip reader cannot open, is read alike."""

import struct
import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media.animated_webp import AnimatedWebp
from service.media.limits import MediaLimits
from tests.media_files import animated, moving


@pytest.fixture(scope="module")
def frames(astronaut: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return moving(astronaut[:120, :160], 10, step=8)


def test_frames_and_times(frames: list[NDArray[np.uint8]]) -> None:
    opened = AnimatedWebp(animated(frames, [40] * 5 + [100] * 5, "WEBP"), MediaLimits())
    got = list(opened.frames(100))
    times = [0, 40, 80, 120, 160, 200, 300, 400, 500, 600]
    assert [frame.time_s for frame in got] == pytest.approx([t / 1000 for t in times])
    for frame in got:
        assert np.abs(frame.pixels.astype(int) - frames[frame.index].astype(int)).mean() < 12
    assert (opened.frames_total, opened.truncated) == (10, False)
    assert opened.duration_s == pytest.approx(0.7)
    assert [frame.index for frame in opened.frames(2)] == [4, 8]


def test_cut_off_it_is_read_as_far_as_it_goes(frames: list[NDArray[np.uint8]]) -> None:
    data = animated(frames, [40] * 10, "WEBP")
    opened = AnimatedWebp(data[: len(data) // 2], MediaLimits())
    assert opened.truncated
    assert 1 < opened.frames_total < 10
    assert len(list(opened.frames(100))) == opened.frames_total


def test_what_follows_an_animation_is_not_shown(frames: list[NDArray[np.uint8]]) -> None:
    data = animated(frames[:3], [100] * 3, "WEBP")
    other = animated(frames[3:], [100] * 7, "WEBP")
    opened = AnimatedWebp(data + other[other.index(b"ANMF") :], MediaLimits())
    assert (opened.frames_total, opened.truncated) == (3, False)
    assert opened.duration_s == pytest.approx(0.3)
    assert len(list(opened.frames(100))) == 3


def test_without_a_complete_frame_it_is_corrupt(frames: list[NDArray[np.uint8]]) -> None:
    with pytest.raises(MediaCorruptError):
        AnimatedWebp(animated(frames, [40] * 10, "WEBP")[:200], MediaLimits())


def test_limits(frames: list[NDArray[np.uint8]]) -> None:
    data = animated(frames, [400] * 10, "WEBP")
    for limits, name in (
        (MediaLimits(max_pixels=1000), "pixels"),
        (MediaLimits(max_duration_s=3), "duration"),
        (MediaLimits(max_frames_total=9), "frames"),
    ):
        with pytest.raises(MediaTooLargeError) as caught:
            AnimatedWebp(data, limits)
        assert caught.value.limit == name


def piece_of_noise(dice: np.random.Generator, canvas: tuple[int, int]) -> bytes:
    """A frame anywhere on a canvas (width, height), drawn and left in any way."""
    width, height = (int(dice.integers(2, side + 1)) for side in canvas)
    if dice.random() < 0.25:
        width, height = canvas
    left, top = (
        2 * int(dice.integers(0, (side - own) // 2 + 1))
        for side, own in zip(canvas, (width, height), strict=True)
    )
    pixels = dice.integers(0, 256, (height, width, 4), np.uint8)
    alpha = dice.integers(3)
    if alpha == 1:
        pixels[:, :, 3] = np.where(pixels[:, :, 3] > 128, 255, 0)
    quality = [cv2.IMWRITE_WEBP_QUALITY, int(dice.choice([60, 101]))]
    _, encoded = cv2.imencode(".webp", pixels[:, :, : 3 if alpha == 2 else 4], quality)
    still = encoded.tobytes()
    chunks = still[30:] if still[12:16] == b"VP8X" else still[12:]
    places = (left // 2, top // 2, width - 1, height - 1, 100)
    numbers = b"".join(each.to_bytes(3, "little") for each in places)
    content = numbers + bytes([int(dice.integers(4))]) + chunks
    return b"ANMF" + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def animation_of(pieces: list[bytes], canvas: tuple[int, int]) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in canvas)
    header = b"VP8X" + struct.pack("<IB", 10, 0x12) + bytes(3) + sides
    body = header + b"ANIM" + struct.pack("<I", 6) + bytes(6) + b"".join(pieces)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


@pytest.mark.parametrize("seed", range(40))
def test_frames_are_drawn_as_libwebp_draws_them(seed: int) -> None:
    dice = np.random.default_rng(seed)
    canvas = (int(dice.integers(20, 60)), int(dice.integers(20, 60)))
    data = animation_of([piece_of_noise(dice, canvas) for _ in range(12)], canvas)
    _, whole = cv2.imdecodeanimation(np.frombuffer(data, np.uint8).reshape(1, -1))
    for count in (100, 3):
        for frame in AnimatedWebp(data, MediaLimits()).frames(count):
            expected = np.asarray(whole.frames[frame.index])[:, :, 2::-1]
            assert np.array_equal(frame.pixels, expected)


@pytest.mark.parametrize("canvas", [(2, 2), (2, 40), (40, 2)])
def test_a_frame_beyond_the_canvas_is_corrupt(canvas: tuple[int, int]) -> None:
    piece = piece_of_noise(np.random.default_rng(1), (40, 40))
    with pytest.raises(MediaCorruptError):
        list(AnimatedWebp(animation_of([piece], canvas), MediaLimits()).frames(1))


@pytest.mark.parametrize("needed", [b"VP8 ", b"\x9d\x01\x2a"])
def test_a_frame_without_a_picture_that_can_be_decoded_is_corrupt(
    frames: list[NDArray[np.uint8]], needed: bytes
) -> None:
    damaged = animated(frames, [400] * 10, "WEBP").replace(needed, bytes(len(needed)))
    with pytest.raises(MediaCorruptError):
        list(AnimatedWebp(damaged, MediaLimits()).frames(1))


def test_a_frame_may_be_shown_for_over_a_minute(frames: list[NDArray[np.uint8]]) -> None:
    assert (
        AnimatedWebp(animated(frames[:2], [70_000, 40], "WEBP"), MediaLimits()).duration_s == 70.04
    )


def test_a_picture_larger_than_its_frame_is_corrupt(astronaut: NDArray[np.uint8]) -> None:
    _, encoded = cv2.imencode(".webp", astronaut[:200, :200])
    chunks = encoded.tobytes()[12:]
    content = bytes(6) + b"\x13\x00\x00" * 2 + b"\x64\x00\x00\x00" + chunks
    piece = b"ANMF" + struct.pack("<I", len(content)) + content
    with pytest.raises(MediaCorruptError):
        list(AnimatedWebp(animation_of([piece], (20, 20)), MediaLimits()).frames(1))


def test_many_frames_cost_one_walk_through_all_of_them(astronaut: NDArray[np.uint8]) -> None:
    # A still part around a moving one: hardly any frame can be decoded without those before it.
    pictures = [astronaut[:256, :256].copy() for _ in range(120)]
    for number, pixels in enumerate(pictures):
        pixels[96:160, 96:160] = np.roll(pixels[96:160, 96:160], number, axis=1)
    data = animated(pictures, [40] * 120, "WEBP")
    buffer = np.frombuffer(data, np.uint8).reshape(1, -1)
    begun = time.perf_counter()
    cv2.imdecodeanimation(buffer)
    once = time.perf_counter() - begun
    begun = time.perf_counter()
    assert len(list(AnimatedWebp(data, MediaLimits()).frames(64))) == 64
    # Starting over for each would take thirty times as long.
    assert time.perf_counter() - begun < 8 * once + 0.1


def test_frames_of_ten_milliseconds_or_less_are_shown_for_as_long_as_browsers_show_them() -> None:
    pieces = [piece_of_noise(np.random.default_rng(seed), (40, 40)) for seed in range(4)]
    timed = [
        piece[:20] + duration_ms.to_bytes(3, "little") + piece[23:]
        for piece, duration_ms in zip(pieces, (0, 10, 11, 50), strict=True)
    ]
    opened = AnimatedWebp(animation_of(timed, (40, 40)), MediaLimits())
    assert [each.time_s for each in opened.frames(4)] == pytest.approx([0.0, 0.1, 0.2, 0.211])
    assert opened.duration_s == pytest.approx(0.261)
