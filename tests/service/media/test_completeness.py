"""Clips that end early say so; what follows a whole one is no reason to."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from service.media.clips import Clip
from service.media.completeness import ends_early
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from tests.media_files import animated, moving
from tests.service.media.odd_clips import animated_png

Pixels = NDArray[np.uint8]
GARBAGE = (b"", b"\n", b"\x00", bytes(300), b"<!-- saved by a program -->", b"\x2c\xff" * 40)


@pytest.fixture(scope="module")
def frames(astronaut: Pixels) -> list[Pixels]:
    return moving(astronaut[:120, :160], 8, step=8)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_whole_gif_does_not_end_early(frames: list[Pixels], garbage: bytes) -> None:
    data = animated(frames, [100] * 8, "GIF")
    assert not ends_early("gif", data + garbage)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_gif_cut_off_is_read_as_far_as_it_goes(frames: list[Pixels], share: float) -> None:
    data = animated(frames, [100] * 8, "GIF")
    clip = Clip("gif", data[: int(len(data) * share)], MediaLimits())
    assert 0 < len(list(clip.frames(100))) <= 8
    assert clip.truncated


def test_every_cut_through_a_gif_is_noticed(frames: list[Pixels]) -> None:
    data = animated([pixels[:16, :16] for pixels in frames[:2]], [100] * 2, "GIF")
    assert all(ends_early("gif", data[:end]) for end in range(6, len(data)))


@pytest.mark.parametrize("hidden", [False, True])
def test_an_animated_png_is_a_clip_of_what_it_shows(frames: list[Pixels], hidden: bool) -> None:
    shown = frames[1:] if hidden else frames
    data = animated_png(frames, [100, 300] * 4 if not hidden else [100, 300] * 3 + [100], hidden)
    found = sniff(data)
    assert (found.name, found.family) == ("png", "animation")
    clip = Clip("png", data, MediaLimits())
    got = list(clip.frames(100))
    assert clip.frames_total == len(got) == len(shown)
    for frame, pixels in zip(got, shown, strict=True):
        assert np.array_equal(frame.pixels, pixels)
    assert [frame.time_s for frame in got[:3]] == pytest.approx([0.0, 0.1, 0.4])
    assert not clip.truncated


def test_an_animated_png_cut_off_is_read_as_far_as_it_goes(frames: list[Pixels]) -> None:
    data = animated_png(frames, [100] * 8, hidden=False)
    # In its own process FFmpeg would die of some of these.
    for share in (0.2, 0.33, 0.37, 0.52, 0.7, 0.999):
        clip = Clip("png", data[: int(len(data) * share)], MediaLimits())
        assert len(list(clip.frames(100))) == int(share * 8)
        assert clip.truncated
    assert not ends_early("png", data + b"garbage")


def test_of_a_gif_of_millions_of_blocks_nothing_is_said() -> None:
    header = b"GIF89a" + bytes([10, 0, 10, 0, 0, 0, 0])
    hostile = header + b"\x21\xfe" + b"\x01a" * 20_000_000
    begun = time.perf_counter()
    assert not ends_early("gif", hostile)
    assert time.perf_counter() - begun < 2
