"""What each analysed frame of a clip stands for."""

from service.media.stretches import Interval, Stretch, stretches


def moments(*times_s: float) -> list[Interval]:
    """Frames on screen for no time at all."""
    return [Interval(time_s, time_s) for time_s in times_s]


def test_a_frame_stands_for_half_the_way_to_its_neighbours() -> None:
    assert stretches(moments(1.0, 2.0, 6.0), 9.0) == [
        Stretch(0.0, 1.5),
        Stretch(1.5, 4.0),
        Stretch(4.0, 9.0),
    ]


def test_a_still_stands_for_all_the_time_it_is_on_screen() -> None:
    shown = [Interval(0.0, 0.1), Interval(1.0, 8.0), Interval(8.0, 8.1)]
    assert stretches(shown, 9.0)[1] == Stretch(0.55, 8.0, 7.0)


def test_a_stretch_is_as_long_as_from_its_start_to_its_end() -> None:
    assert Interval(4.0, 9.0).seconds == 5.0


def test_a_single_frame_stands_for_the_whole_clip() -> None:
    assert stretches(moments(0.3), 2.0) == [Stretch(0.0, 2.0)]
    assert stretches(moments(0.0), 0.0) == [Stretch(0.0, 0.0)]


def test_a_clip_said_to_end_before_its_last_frame_ends_with_it() -> None:
    assert stretches(moments(0.0, 4.0), 3.0)[-1] == Stretch(2.0, 4.0)
