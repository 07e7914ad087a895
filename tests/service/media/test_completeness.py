"""Clips that end early say so; what follows a whole one is no reason to."""

import itertools
import struct
import time
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.clips import Clip
from service.media.completeness import ends_early
from service.media.limits import MediaLimits
from service.media.png import chunks
from service.media.sniff import sniff
from tests.media_files import animated, clip, moving
from tests.service.media.odd_clips import animated_png, zeroed_from

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


@pytest.mark.parametrize("name", ["gif", "png"])
def test_a_frame_that_an_animation_ends_in_is_not_filled_in(
    frames: list[Pixels], name: str
) -> None:
    """Wherever it is cut, what is shown was all there; before its first frame is, nothing is."""
    durations = [100] * 8
    data = (
        animated(frames, durations, "GIF")
        if name == "gif"
        else animated_png(frames, durations, hidden=False)
    )
    whole = [frame.pixels for frame in Clip(name, data, MediaLimits()).frames(100)]
    counts = []
    for share in (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
        try:
            shown = [*Clip(name, data[: int(len(data) * share)], MediaLimits()).frames(100)]
        except MediaCorruptError:
            shown = []
        assert all(np.array_equal(frame.pixels, whole[frame.index]) for frame in shown)
        counts.append(len(shown))
    assert counts[:2] == [0, 0]
    assert counts == sorted(counts)
    assert counts[-1] == 7


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_gif_of_full_length_with_noughts_at_its_end_is_cut_off_as_well(
    frames: list[Pixels], share: float
) -> None:
    data = animated(frames, [100] * 8, "GIF")
    whole = [frame.pixels for frame in Clip("gif", data, MediaLimits()).frames(100)]
    end = int(len(data) * share)
    clip = Clip("gif", data[:end].ljust(len(data), b"\0"), MediaLimits())
    shown = [*clip.frames(100)]
    assert clip.truncated
    assert 0 < len(shown) < 8
    assert all(np.array_equal(frame.pixels, whole[frame.index]) for frame in shown)


def test_a_png_in_many_chunks_shows_whole_frames_only(frames: list[Pixels]) -> None:
    data = in_small_chunks(animated_png(frames[:2], [100] * 2, hidden=False))
    clip = Clip("png", data, MediaLimits())
    assert len(list(clip.frames(9))) == 2
    with pytest.raises(MediaCorruptError):
        list(Clip("png", data[: len(data) // 4], MediaLimits()).frames(9))
    assert len(list(Clip("png", data[: len(data) * 3 // 4], MediaLimits()).frames(9))) == 1


def in_small_chunks(data: bytes) -> bytes:
    """A PNG as many encoders write it: pictures in pieces of 400 bytes."""
    written, begun, numbers = [data[:8]], 8, itertools.count()
    for kind, end in chunks(data):
        body = data[begun + 8 : end - 4]
        skipped = 4 if kind in (b"fcTL", b"fdAT") else 0
        size = 400 if kind in (b"IDAT", b"fdAT") else max(1, len(body))
        for at in range(skipped, max(len(body), skipped + 1), size):
            number = struct.pack(">I", next(numbers)) if skipped else b""
            piece = number + body[at : at + size]
            crc = zlib.crc32(kind + piece)
            written.append(struct.pack(">I", len(piece)) + kind + piece + struct.pack(">I", crc))
        begun = end
    return b"".join(written)


@pytest.mark.parametrize("name", ["mp4", "mov"])
def test_what_follows_the_last_box_does_not_cut_a_clip_off(frames: list[Pixels], name: str) -> None:
    data = clip(frames, name)
    for garbage in (*GARBAGE, b"hello world, this is no box", b"\xff" * 100, b"SEFT1234" * 4):
        assert not ends_early(name, data + garbage)
    assert all(ends_early(name, data[: int(len(data) * share)]) for share in (0.3, 0.6, 0.999))


def test_a_gif_without_its_trailer_keeps_its_last_image(frames: list[Pixels]) -> None:
    data = animated(frames, [100] * 8, "GIF")
    assert data.endswith(b"\x00\x3b")
    clip = Clip("gif", data[:-1], MediaLimits())
    assert len(list(clip.frames(100))) == 8
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


@pytest.mark.parametrize("share", [0.6, 0.8])
def test_an_avi_of_full_length_with_noughts_at_its_end_is_cut_off_as_well(
    frames: list[Pixels], share: float
) -> None:
    data = clip(moving(frames[0], 50), "avi", keyframe_every=5)
    half = Clip("avi", zeroed_from(data, share), MediaLimits())
    assert half.truncated
    assert 10 < half.frames_total < 45
    assert half.duration_s == pytest.approx(half.frames_total * 0.04)
    assert len([*half.frames(8)]) == 8
    whole = Clip("avi", data, MediaLimits())
    assert len([*whole.frames(8)]) == 8
    assert not whole.truncated
