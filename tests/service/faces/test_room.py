"""Who is kept where there is not room for all."""

from collections import Counter

import pytest

from service.faces.room import Room
from tests.service.faces.sights import EverySecond, face


def numbers(room: Room) -> dict[int, int]:
    """New numbers of tracks, in their order, by the old ones, whichever frames they are kept in."""
    return {old: new for (old, _), new in room.numbers.items()}


def test_the_most_present_tracks_of_each_frame_are_kept_and_renumbered() -> None:
    tracker = EverySecond()
    tracker.see((face(0, width=60), face(400, width=100)))
    for _ in range(9):
        tracker.see((face(0, width=60),))
    # Ten frames at 60 pixels outweigh one at 100.
    assert numbers(tracker.keep(2, [0.1] * 10)) == {0: 0, 1: 1}
    assert tracker.keep(1, [0.1] * 10).numbers == {(0, frame): 0 for frame in range(10)}


def test_presence_is_size_times_time_not_frames() -> None:
    """One frame may stay for most of a clip."""
    tracker = EverySecond()
    tracker.see((face(0, width=60), face(400, width=100)))
    for _ in range(9):
        tracker.see((face(0, width=60),))
    lasting = [9.0] + [0.1] * 9
    assert numbers(tracker.keep(2, lasting)) == {1: 0, 0: 1}
    assert tracker.keep(1, lasting).numbers[1, 0] == 0
    # A clip of no length at all: by the frames.
    assert numbers(tracker.keep(1, [0.0] * 10)) == {0: 0}


def test_who_is_crowded_out_of_some_frames_is_kept_in_the_others() -> None:
    """Others who come later must not make somebody vanish who was alone until then."""
    tracker = EverySecond()
    for frame in range(16):
        crowd = [face(300 * place, width=150) for place in range(1, 4)] if 6 <= frame < 15 else []
        tracker.see((face(0), *crowd))
    kept = tracker.keep(3, [1.0] * 16)
    assert [frame for old, frame in kept.numbers if old == 0] == [0, 1, 2, 3, 4, 5, 15]
    assert numbers(kept) == {1: 0, 2: 1, 3: 2, 0: 3}
    assert kept.crowded_out == {0: 9, 1: 0, 2: 0, 3: 0}
    assert tracker.keep(3, [0.0] * 16) == kept
    assert max(Counter(frame for _, frame in kept.numbers).values()) == 3
    assert len(tracker.keep(4, [1.0] * 16).numbers) == 16 + 3 * 9


def test_a_single_frame_with_room_is_no_reason_to_judge_a_face_by_it() -> None:
    tracker = EverySecond()
    for frame in range(16):
        large = () if frame == 9 else (face(300, width=150),)
        tracker.see((face(0), *large))
    assert {old for old, _ in tracker.keep(1, [1.0] * 16).numbers} == {1}
    assert len(tracker.keep(2, [1.0] * 16).numbers) == 16 + 15


def test_a_still_with_room_counts_for_as_long_as_it_is_shown() -> None:
    tracker = EverySecond()
    for frame in range(16):
        tracker.see((face(0), face(500, width=300)) if frame else (face(0),))
    lasting = [6.0, *[0.1] * 15]
    crowd = tracker.keep(1, lasting)
    assert crowd.numbers == {(0, 0): 1, **{(1, frame): 0 for frame in range(1, 16)}}
    assert crowd.crowded_out == {0: 0, 1: 0}
    for lasting in ([1.0] * 16, [0.0] * 16):
        assert (0, 0) not in tracker.keep(1, lasting).numbers


@pytest.mark.parametrize(
    ("crowd_s", "alone_s", "kept"),
    [(5.0, 0.1, False), (0.75, 0.1, False), (1.6, 1.0, False), (1.5, 1.0, True)],
)
@pytest.mark.parametrize("parts", [1, 5])
def test_room_counts_by_its_time_however_many_frames_an_encoder_makes_of_that(
    crowd_s: float, alone_s: float, kept: bool, parts: int
) -> None:
    """A face that is crowded out before and after a while in which it is alone."""
    tracker = EverySecond()
    lasting = [each / parts for each in (crowd_s, alone_s, crowd_s) for _ in range(parts)]
    for frame in range(3 * parts):
        alone = frame // parts == 1
        tracker.see((face(0),) if alone else (face(0), face(500, width=300)))
    crowded_out = tracker.keep(1, lasting).crowded_out
    assert crowded_out.get(0) == (3 * parts if kept else None)


def test_a_run_with_room_that_hardly_lasts_is_none_however_many_frames_it_has() -> None:
    tracker = EverySecond()
    for frame in range(8):
        tracker.see((face(0),) if frame < 4 else (face(0), face(500, width=300)))
    assert {old for old, _ in tracker.keep(1, [0.01] * 4 + [1.0] * 4).numbers} == {1}
    assert tracker.keep(1, [1.0] * 8).crowded_out == {0: 4, 1: 0}


def test_shots_one_after_the_other_are_all_kept() -> None:
    """Each cut begins a new track: it is no reason to look at nobody who comes late."""
    tracker = EverySecond()
    for shot in range(16):
        tracker.see((face(300 * shot), face(300 * shot + 5000, width=50)))
    kept = tracker.keep(1, [1.0] * 16)
    assert [*kept.numbers] == [(2 * shot, shot) for shot in range(16)]
    assert len(tracker.keep(2, [1.0] * 16).numbers) == 32
