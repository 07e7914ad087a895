"""Of a clip with an edit list only that is looked at which is shown, however it is put together."""

import io
from fractions import Fraction

import av
import pytest

from service.media import clips
from service.media.clips import Clip
from service.media.limits import MediaLimits
from tests.service.media.odd_clips import (
    BITS,
    HEIGHT,
    STRIPE,
    edited,
    make,
    number_of,
    read,
    trimmed,
)


def test_what_a_trimmed_clip_hides_is_not_looked_at() -> None:
    whole = make([40 * i for i in range(100)], keyframe_every=100)
    data = trimmed(whole, Fraction(2))
    clip = Clip("mp4", data, MediaLimits())
    frames = list(clip.frames(100))
    assert (len(frames), clip.frames_total, clip.truncated) == (50, 50, False)
    assert clip.duration_s == pytest.approx(2)
    _, numbers = read(whole, 100)
    assert numbers == list(range(100))
    few = list(Clip("mp4", data, MediaLimits()).frames(5))
    assert [frame.time_s for frame in few] == pytest.approx([0.2, 0.6, 1.0, 1.4, 1.8])


@pytest.mark.parametrize("key_every", [12, 300])
def test_parts_that_a_clip_is_put_together_of_are_all_looked_at(key_every: int) -> None:
    whole = make([40 * i for i in range(300)], keyframe_every=key_every)
    clock = av.open(io.BytesIO(whole)).streams.video[0].time_base
    assert clock is not None
    data = edited(whole, [(4000, int(8 / clock)), (4000, 0)])
    clip = Clip("mp4", data, MediaLimits())
    numbers = [number_of(frame.pixels) for frame in clip.frames(16)]
    # Two frames or so are lost to the order in which they are stored.
    assert clip.duration_s == pytest.approx(8, abs=0.3)
    assert (len(numbers), clip.truncated) == (16, False)
    assert sum(number >= 195 for number in numbers) == 8
    assert sum(number <= 105 for number in numbers) == 8


def test_what_a_clip_says_it_hides_is_looked_at_where_it_is_shown() -> None:
    """Decoders go by the last of two edit lists: the first says that one second is shown."""
    whole = make([40 * i for i in range(300)])
    data = edited(whole, [(1000, 0)], [(12000, 0)])
    clip = Clip("mp4", data, MediaLimits())
    numbers = [number_of(frame.pixels) for frame in clip.frames(16)]
    assert numbers[0] < 15
    assert numbers[-1] > 280
    assert clip.duration_s == pytest.approx(12, abs=0.3)
    assert (len(numbers), clip.truncated) == (16, False)


def test_of_long_clips_all_that_is_stored_is_taken_for_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips, "_WATCHED_PIXELS", 100 * BITS * STRIPE * HEIGHT)
    data = trimmed(make([40 * i for i in range(300)], keyframe_every=300), Fraction(2))
    clip = Clip("mp4", data, MediaLimits())
    assert len(list(clip.frames(16))) > 8
    assert clip.frames_total > 240


@pytest.mark.parametrize("stated_ms", [4000, 12000])
@pytest.mark.parametrize("key_every", [12, 300])
def test_a_part_said_to_last_longer_than_what_is_left_is_all_that_is_looked_at(
    key_every: int, stated_ms: int
) -> None:
    whole = make([40 * i for i in range(300)], keyframe_every=key_every)
    clock = av.open(io.BytesIO(whole)).streams.video[0].time_base
    assert clock is not None
    data = edited(whole, [(stated_ms, int(8 / clock))])
    clip = Clip("mp4", data, MediaLimits())
    frames = list(clip.frames(16))
    numbers = [number_of(frame.pixels) for frame in frames]
    assert clip.frames_total == pytest.approx(100, abs=5)
    assert clip.duration_s == pytest.approx(4, abs=0.2)
    assert (len(frames), clip.truncated) == (16, False)
    assert min(numbers) >= 195
