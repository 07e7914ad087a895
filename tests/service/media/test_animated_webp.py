"""Animated WebP, which the clip reader cannot open, is read alike."""

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
