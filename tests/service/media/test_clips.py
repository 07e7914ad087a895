"""Clips of every container become upright frames, one of each equal stretch, with true times."""

import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media.clips import Clip
from service.media.frame import Frame
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from service.media.workers import MediaWorkers
from tests.media_files import CONTAINERS, animated, clip, moving
from tests.service.media import worker_jobs as jobs
from tests.service.media.odd_clips import animated_png
from tests.service.media.worker_pool import with_workers

Pixels = NDArray[np.uint8]


def read(
    data: bytes, count: int = 5, limits: MediaLimits | None = None
) -> tuple[Clip, list[Frame]]:
    opened = Clip(sniff(data).name, data, limits or MediaLimits())
    return opened, list(opened.frames(count))


@pytest.fixture(scope="module")
def frames(astronaut: Pixels) -> list[Pixels]:
    return moving(astronaut[:240, :320], 25, step=8)


@pytest.mark.parametrize("audio", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_frames_that_went_in(
    frames: list[Pixels], container: str, audio: bool
) -> None:
    opened, got = read(clip(frames, container, audio=audio))
    # In the middle of each fifth, or at the key frame in it.
    assert [frame.index for frame in got] == pytest.approx([0, 7, 12, 17, 24], abs=1)
    assert [frame.key for frame in got] == [True, False, True, False, True]
    for frame in got:
        assert frame.time_s == pytest.approx(frame.index * 0.04, abs=0.002)
        assert frame.pixels.dtype == np.uint8
        stored = frames[frame.index]
        assert np.abs(frame.pixels.astype(int) - stored.astype(int)).mean() < 12
    assert (opened.frames_total, opened.truncated) == (25, False)
    assert opened.duration_s == pytest.approx(1.0, abs=0.05)
    assert (opened.width, opened.height) == (320, 240)


def test_frames_start_no_threads_in_a_worker(frames: list[Pixels]) -> None:
    async def test(pool: MediaWorkers) -> None:
        # Each thread's stack would count against its memory.
        assert await pool.run(jobs.threads_beside_frames, clip(frames), timeout_s=10) == [1] * 16

    with_workers(test, workers=1)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_metadata_is_honoured(frames: list[Pixels], rotation: int) -> None:
    opened, got = read(clip(frames[:3], rotation=rotation), 1)
    upright = np.rot90(frames[got[0].index], rotation // 90)
    assert got[0].pixels.shape == upright.shape
    assert (opened.height, opened.width) == upright.shape[:2]
    assert np.abs(got[0].pixels.astype(int) - upright.astype(int)).mean() < 12


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), lambda stored: stored),
        ((-1, 0, 0, 1), lambda stored: stored[:, ::-1]),
        ((1, 0, 0, -1), lambda stored: stored[::-1]),
        ((-1, 0, 0, -1), lambda stored: stored[::-1, ::-1]),
        ((0, 1, 1, 0), lambda stored: stored.transpose(1, 0, 2)),
        ((0, 1, -1, 0), lambda stored: np.rot90(stored, -1)),
        ((0, -1, 1, 0), np.rot90),
        ((0, -1, -1, 0), lambda stored: np.rot90(stored.transpose(1, 0, 2), 2)),
        ((0.7, 0.7, -0.7, 0.7), lambda stored: stored),
        ((0, 0, 0, 0), lambda stored: stored),
    ],
)
def test_a_frame_is_turned_and_mirrored_as_its_track_says(
    frames: list[Pixels],
    matrix: tuple[float, ...],
    shown: Callable[[Pixels], Pixels],
) -> None:
    """ISO/IEC 14496-12, 6.2.2: x' = ax + cy, y' = bx + dy."""
    data = bytearray(clip(frames[:3]))
    across, down, across_too, down_too = (round(65536 * number) for number in matrix)
    place = data.index(b"tkhd") + 44
    struct.pack_into(">5i", data, place, across, down, 0, across_too, down_too)
    opened, got = read(bytes(data), 1)
    expected = shown(frames[got[0].index])
    assert (opened.height, opened.width) == got[0].pixels.shape[:2] == expected.shape[:2]
    assert np.abs(got[0].pixels.astype(int) - expected.astype(int)).mean() < 12


@pytest.mark.parametrize(
    ("aspect", "shown"), [("4/3", (427, 240)), ("1/2", (320, 480)), ("64/45", (455, 240))]
)
@pytest.mark.parametrize(
    ("container", "rotation"), [("mp4", 0), ("mp4", 90), ("mkv", 0), ("avi", 0)]
)
def test_pixels_that_are_not_square_are_shown_so(
    frames: list[Pixels], container: str, aspect: str, shown: tuple[int, int], rotation: int
) -> None:
    """Never smaller than they are stored: what a face is judged by would go."""
    data = clip(frames[:3], container, pixel_aspect=Fraction(aspect), rotation=rotation)
    opened, got = read(data, 1)
    stored = np.rot90(frames[got[0].index], rotation // 90)
    width, height = shown[::-1] if rotation else shown
    expected = cv2.resize(stored, (width, height), interpolation=cv2.INTER_CUBIC)
    assert got[0].pixels.shape == (opened.height, opened.width, 3) == expected.shape
    assert np.abs(got[0].pixels.astype(int) - expected.astype(int)).mean() < 12


def test_pixels_of_a_shape_that_makes_no_sense_are_square(frames: list[Pixels]) -> None:
    opened, got = read(clip(frames[:3], pixel_aspect=Fraction(40)), 1)
    assert (opened.width, opened.height) == (320, 240) == got[0].pixels.shape[1::-1]


def test_the_limit_of_pixels_holds_for_what_is_shown(frames: list[Pixels]) -> None:
    with pytest.raises(MediaTooLargeError):
        read(clip(frames[:3], pixel_aspect=Fraction(2)), limits=MediaLimits(max_pixels=320 * 240))


@pytest.mark.parametrize("container", ["mp4", "webm", "mkv"])
def test_times_are_true_where_the_frame_rate_varies(frames: list[Pixels], container: str) -> None:
    times = [0, 40, 80, 120, 1000, 1040, 1080, 3000, 3040, 3080]
    opened, got = read(clip(frames[:10], container, times_ms=times), 100)
    assert [frame.time_s for frame in got] == pytest.approx([t / 1000 for t in times], abs=0.002)
    assert (opened.frames_total, opened.truncated) == (10, False)
    _, few = read(clip(frames[:10], container, times_ms=times), 2)
    # Of 3.12 seconds those on screen after 0.78 and after 2.34.
    assert [frame.time_s for frame in few] == pytest.approx([0.12, 1.08], abs=0.002)


@pytest.mark.parametrize("container", ["webm", "mkv", "avi"])
def test_a_clip_cut_off_is_read_as_far_as_it_goes(frames: list[Pixels], container: str) -> None:
    data = clip(frames, container, keyframe_every=5)
    opened, got = read(data[: len(data) * 6 // 10])
    assert opened.truncated
    assert 5 < opened.frames_total < 25
    assert len(got) == 5
    assert got[-1].index > 0.6 * opened.frames_total
    assert opened.duration_s == pytest.approx(opened.frames_total * 0.04, abs=0.05)


def test_an_mp4_without_its_index_is_corrupt(frames: list[Pixels]) -> None:
    data = clip(frames, "mp4")
    with pytest.raises(MediaCorruptError):
        read(data[: len(data) * 6 // 10])


def test_a_damaged_clip_is_read_on(frames: list[Pixels]) -> None:
    data = bytearray(clip(frames, "mkv"))
    for at in np.random.default_rng(3).integers(len(data) // 3, len(data) * 2 // 3, 30):
        data[at] ^= 0xFF
    _, got = read(bytes(data))
    assert got


def test_a_clip_with_sound_only_is_corrupt() -> None:
    header = b"RIFF\x24\x00\x00\x00AVI " + bytes(200)
    with pytest.raises(MediaCorruptError):
        read(header)


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        (MediaLimits(max_pixels=1000), "pixels"),
        (MediaLimits(max_duration_s=0.5), "duration"),
        (MediaLimits(max_frames_total=10), "frames"),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_each_limit_has_its_name(
    frames: list[Pixels], container: str, limits: MediaLimits, limit: str
) -> None:
    with pytest.raises(MediaTooLargeError) as caught:
        read(clip(frames, container), limits=limits)
    assert caught.value.limit == limit


def test_far_moments_are_jumped_to(frames: list[Pixels]) -> None:
    # One frame a second for five minutes: the four moments lie 75 seconds apart.
    long = [frames[i % 25][:64, :64] for i in range(300)]
    data = clip(long, "mp4", times_ms=[1000 * i for i in range(300)])
    opened, got = read(data, 4)
    assert [frame.time_s for frame in got] == pytest.approx([37.5, 112.5, 187.5, 262.5], abs=1.5)
    assert opened.duration_s == pytest.approx(300, abs=2)
    for frame in got:
        stored = long[round(frame.time_s)]
        assert np.abs(frame.pixels.astype(int) - stored.astype(int)).mean() < 20


def test_a_gif_keeps_its_own_times(frames: list[Pixels]) -> None:
    data = animated(frames[:4], [100, 300, 50, 50], "GIF")
    opened, got = read(data, 10)
    assert [frame.time_s for frame in got] == pytest.approx([0.0, 0.1, 0.4, 0.45])
    assert opened.frames_total == 4


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_of_an_animation_every_frame_is_a_key_frame(
    frames: list[Pixels], kind: Literal["GIF", "PNG"]
) -> None:
    data = (
        animated(frames, [40] * 25, "GIF")
        if kind == "GIF"
        else animated_png(frames, [40] * 25, hidden=False)
    )
    _, got = read(data)
    assert [frame.index for frame in got] == [2, 7, 12, 17, 22]
    assert all(frame.key for frame in got)


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((0.01, 1, -1, 0.01), lambda stored: np.rot90(stored, -1)),
        ((-1, 0.01, -0.01, -1), lambda stored: stored[::-1, ::-1]),
        ((-0.8, 0.6, -0.6, -0.8), lambda stored: stored),
        ((-0.6, 0.8, -0.8, -0.6), lambda stored: stored),
    ],
)
def test_what_is_almost_a_quarter_turn_is_one_and_other_turns_are_none(
    frames: list[Pixels],
    matrix: tuple[float, ...],
    shown: Callable[[Pixels], Pixels],
) -> None:
    test_a_frame_is_turned_and_mirrored_as_its_track_says(frames, matrix, shown)


def test_pixels_far_higher_than_wide_are_square_as_well(frames: list[Pixels]) -> None:
    opened, got = read(clip(frames[:3], pixel_aspect=Fraction(1, 40)), 1)
    assert (opened.width, opened.height) == (320, 240) == got[0].pixels.shape[1::-1]
