"""Images of a GIF are all shown, whether or not something is said of how long."""

import io
import re
import time
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from service.media.clips import Clip
from service.media.gif import with_controls
from service.media.limits import MediaLimits
from tests.media_files import Pixels

CONTROL, COMMENT = b"\x21\xf9\x04", b"\x21\xfe\x05hello\0"


@pytest.fixture
def frames() -> list[Pixels]:
    return [np.full((40, 60, 3), (40 * number, 90, 200), np.uint8) for number in range(5)]


def animated(frames: list[Pixels], durations_ms: int | Sequence[int] = 200) -> bytes:
    first, *others = (Image.fromarray(frame) for frame in frames)
    stream = io.BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=durations_ms)
    return stream.getvalue()


def bare(frames: list[Pixels]) -> bytes:
    """As some tools write them."""
    return re.sub(re.escape(CONTROL) + b".{4}\\x00", b"", animated(frames), flags=re.DOTALL)


def reds(data: bytes) -> list[int]:
    clip = Clip("gif", data, MediaLimits())
    return [int(frame.pixels[..., 0].mean().round()) for frame in clip.frames(16)]


def test_images_without_a_control_are_frames_as_well(frames: list[Pixels]) -> None:
    data = bare(frames)
    assert CONTROL not in data
    assert reds(data) == pytest.approx([0, 40, 80, 120, 160], abs=4)
    clip = Clip("gif", data, MediaLimits())
    assert clip.frames_total == 5
    assert clip.duration_s == pytest.approx(0.5)
    assert not clip.truncated


def test_what_follows_the_trailer_is_not_shown(frames: list[Pixels]) -> None:
    data, other = animated(frames[:2]), animated(frames[2:])
    for behind in (other, other[other.index(CONTROL) :], bytes(40) + other):
        clip = Clip("gif", data + behind, MediaLimits())
        shown = list(clip.frames(16))
        assert (clip.frames_total, len(shown), clip.truncated) == (2, 2, False)
        assert clip.duration_s == pytest.approx(0.4)
        assert reds(data + behind) == pytest.approx([0, 40], abs=4)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("behind", [COMMENT, CONTROL + bytes(5), CONTROL + bytes(5) + COMMENT])
def test_what_is_said_behind_the_last_image_is_no_frame(
    frames: list[Pixels], behind: bytes, count: int
) -> None:
    data = animated(frames[:count])
    assert data.endswith(b"\0;")
    clip = Clip("gif", data[:-1] + behind + b";", MediaLimits())
    assert clip.frames_total == count
    assert len(list(clip.frames(16))) == count
    assert (clip.frames_total, clip.truncated) == (count, False)
    assert clip.duration_s == pytest.approx(0.2 * count)
    assert reds(data[:-1] + behind + b";") == reds(data)


@pytest.mark.parametrize("durations_ms", [(20, 50), (20, 50, 100), (250, 50, 70, 1000, 220)])
def test_a_file_lasts_as_long_as_its_images(
    frames: list[Pixels], durations_ms: tuple[int, ...]
) -> None:
    """FFmpeg's rate for these is up to 14 % off."""
    data = animated(frames[: len(durations_ms)], durations_ms)
    clip = Clip("gif", data, MediaLimits())
    assert clip.duration_s == pytest.approx(sum(durations_ms) / 1000)
    *_, last = clip.frames(16)
    assert last.until_s - last.time_s == pytest.approx(durations_ms[-1] / 1000)


def test_images_with_and_without_one_are_told_apart(frames: list[Pixels]) -> None:
    data = animated(frames)
    second = data.index(CONTROL, data.index(CONTROL) + 1)
    mixed = data[:second] + data[second + 8 :]
    assert mixed.count(CONTROL) == 4
    assert with_controls(mixed).count(CONTROL) == 5
    assert len(reds(mixed)) == 5


def test_a_file_whose_images_all_have_one_stays_as_it_is(frames: list[Pixels]) -> None:
    data = animated(frames)
    assert with_controls(data) is data


def test_wherever_a_file_is_cut_what_is_there_is_kept(frames: list[Pixels]) -> None:
    data = bare(frames)
    for end in range(len(data)):
        written = with_controls(data[:end])
        assert written.replace(CONTROL + bytes(5), b"") == data[:end]


def test_a_file_of_millions_of_pieces_is_not_walked_through_for_ever() -> None:
    hostile = b"GIF89a" + bytes(7) + b"\x21\xfe\x00" * 30_000_000
    begun = time.perf_counter()
    assert with_controls(hostile) is hostile
    assert time.perf_counter() - begun < 3


def test_a_frame_that_asks_for_a_hundredth_of_a_second_gets_a_tenth(frames: list[Pixels]) -> None:
    """As in browsers: what is seen for half of the time must not weigh next to nothing."""
    clip = Clip("gif", animated(frames, [10, 10, 20, 100, 10]), MediaLimits())
    assert [frame.time_s for frame in clip.frames(16)] == pytest.approx([0, 0.1, 0.2, 0.22, 0.32])
    assert clip.duration_s == pytest.approx(0.42)


@pytest.mark.parametrize("aspect", [1, 17, 113])
def test_pixels_are_square_as_in_browsers_whatever_a_file_says(
    frames: list[Pixels], aspect: int
) -> None:
    """Stretched to four times its height, a face is not found."""
    data = animated(frames[:3])
    clip = Clip("gif", data[:12] + bytes([aspect]) + data[13:], MediaLimits())
    shown = next(clip.frames(1)).pixels
    assert (clip.width, clip.height) == (60, 40) == shown.shape[1::-1]
