"""What is known of a clip's frames before any is decoded."""

import pytest

from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.timeline import Timeline
from tests.service.media.odd_clips import make, without_last_length

# Of four packets two came with one time; the last frame is shown for a second.
LOST = Timeline((0.0, 1.0, 2.0), (0,), 3.0, 0.0, clocked=True, short=False, stored=4)


def test_packets_that_came_with_the_time_of_another_are_shown_when_the_container_says() -> None:
    corrected = LOST.corrected([60.0, 60.5, 61.0, 63.0])
    assert (corrected.times, corrected.seconds) == ((0.0, 0.5, 1.0, 3.0), 4.0)
    # What the decoder says of their times is as wrong: they are counted.
    assert not corrected.clocked
    assert corrected.keys == ()


@pytest.mark.parametrize(
    "times_s", [[], [60.0, 61.0, 62.0], [60.0, 61.0, 61.0, 62.0], [60.0, 61.0, 61.00005, 62.0]]
)
def test_what_the_container_says_of_other_frames_corrects_nothing(times_s: list[float]) -> None:
    assert LOST.corrected(times_s) is LOST


def test_where_no_packet_was_lost_nothing_is_corrected() -> None:
    whole = Timeline((0.0, 1.0, 2.0), (0,), 3.0, 0.0, clocked=True, short=False, stored=3)
    assert whole.corrected([60.0, 60.5, 63.0]) is whole


def test_a_frame_is_on_screen_until_the_next_one_appears() -> None:
    moments = (-1.0, 0.0, 0.9, 1.0 - 5e-5, 1.0, 1.9, 2.0, 99.0)
    assert [LOST.index_at(moment) for moment in moments] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert [LOST.ends_at(index) for index in range(3)] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("frames", "seconds"), [(5, 1.0), (2, 0.4), (1, 0.0)])
def test_a_last_frame_without_a_length_lasts_as_the_others_do(frames: int, seconds: float) -> None:
    """Players stay on it; what it shows would else be told of, but weigh nothing."""
    data = make([200 * number for number in range(frames)], "mp4")
    clip = Clip("mp4", without_last_length(data), MediaLimits())
    assert clip.duration_s == pytest.approx(seconds)
    assert Clip("mp4", data, MediaLimits()).duration_s == pytest.approx(0.2 * frames - 0.16)


def test_a_length_that_no_file_states_makes_no_clip_too_long() -> None:
    data = without_last_length(make([0, 500, 1000], "mp4"))
    clip = Clip("mp4", data, MediaLimits(max_duration_s=1.0))
    assert clip.duration_s == pytest.approx(1.5)
    assert [frame.until_s for frame in clip.frames(3)] == pytest.approx([0.5, 1.0, 1.5])
