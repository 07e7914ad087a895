"""One face keeps one number through a clip."""

import numpy as np
import pytest

from service.faces.crop import Box
from service.faces.detection import Detection
from service.faces.looks import Look, alike
from service.faces.track import MOST_MISSED, MOST_UNSEEN_S
from service.faces.tracks import Tracker
from service.media.stretches import Interval
from tests.service.faces.sights import EverySecond, at, face, sights


def test_two_faces_that_move_keep_their_numbers() -> None:
    tracker = EverySecond()
    assert tracker.see((face(0), face(400))) == [0, 1]
    assert tracker.see((face(380), face(30))) == [1, 0]
    assert tracker.see((face(60), face(360))) == [0, 1]


def test_the_nearer_of_two_claims_wins() -> None:
    tracker = EverySecond()
    tracker.see((face(0), face(70)))
    assert tracker.see((face(60), face(130))) == [1, 2]


def test_a_track_survives_missed_frames_but_not_for_ever() -> None:
    tracker = EverySecond()
    tracker.see((face(0),))
    for _ in range(MOST_MISSED):
        assert tracker.see(()) == []
    assert tracker.see((face(10),)) == [0]
    for _ in range(MOST_MISSED + 1):
        tracker.see(())
    assert tracker.see((face(10),)) == [1]


def test_a_track_survives_half_a_second_however_many_frames_that_is() -> None:
    tracker, every_s = Tracker(), MOST_UNSEEN_S / 10
    shown = {n: sights((face(0),)) for n in (0, 1, 10, 21)}
    tracks = [tracker.update(at(n * every_s), shown.get(n, [])) for n in range(22)]
    assert [tracks[n] for n in shown] == [[0], [0], [0], [1]]


def test_for_how_long_a_face_is_unseen_counts_from_where_its_frame_ends() -> None:
    """A still may have been on screen for long before something covers the face."""
    still, covered_s, tracker = Interval(0.0, 3.0), 0.06, Tracker()
    assert tracker.update(still, sights((face(0),))) == [0]
    for frame in range(MOST_MISSED + 1):
        assert tracker.update(at(still.end_s + covered_s * frame), ()) == []
    assert tracker.update(at(still.end_s + 3 * covered_s), sights((face(0),))) == [0]


def test_a_jump_or_a_sudden_change_of_size_is_another_face() -> None:
    tracker = EverySecond()
    tracker.see((face(0),))
    assert tracker.see((face(300),)) == [1]
    tracker = EverySecond()
    tracker.see((face(0),))
    assert tracker.see((face(0, width=300),)) == [1]


def test_landmarks_tell_what_boxes_cannot() -> None:
    def seen(x: float, shift: float) -> Detection:
        points = tuple((x + shift + i, 50.0) for i in range(5))
        return Detection(Box(x, 0, 100, 125), points, 0.9)

    tracker = EverySecond()
    tracker.see((seen(0, 20), seen(40, 60)))
    assert tracker.see((seen(20, 81), seen(20, 1))) == [1, 0]


def test_who_comes_out_from_behind_another_is_known_after_many_frames() -> None:
    """Though he was in none of several frames in a row, and appears where the other was."""
    tracker, look = Tracker(), np.random.default_rng(0)
    one, other = (look.uniform(0, 255, (16, 16, 3)).astype(np.float32) for _ in range(2))
    like = (0.55 * one + 0.45 * other).astype(np.float32)
    assert tracker.update(at(0.0), sights((face(30), face(150)), [one, like])) == [0, 1]
    for frame in range(1, 4):
        assert tracker.update(at(frame / 10), sights((face(90),), [like])) == [1]
    assert tracker.update(at(0.4), sights((face(90), face(150)), [one, like])) == [0, 1]


def test_a_cut_to_another_face_at_the_same_place_begins_another_track() -> None:
    """And one that is cut back to goes on."""
    rng = np.random.default_rng(3)
    one, other = (rng.integers(0, 256, (16, 16, 3)).astype(np.float32) for _ in range(2))
    tracker = EverySecond()
    shown = [one, one, other, one + 5, other]
    assert [tracker.see((face(0),), [look]) for look in shown] == [[0], [0], [1], [0], [1]]


def alike_but_two(share: float = 0.4) -> tuple[Look, Look]:
    """Looks of two people whom a look alone may take for one another: they correlate by 0.75."""
    rng = np.random.default_rng(5)
    shared, one, other = (rng.normal(0, 40, (16, 16, 3)).astype(np.float32) for _ in range(3))
    return 128 + shared + share**0.5 * one, 128 + shared + share**0.5 * other


@pytest.mark.parametrize("apart", [50, 400])
def test_two_people_who_swap_places_do_not_swap_their_numbers(apart: int) -> None:
    left, right = face(0), face(apart)
    one, other = alike_but_two()
    tracker = EverySecond()
    assert alike(one, other)
    assert tracker.see((left, right), (one, other)) == [0, 1]
    # Too far off to have walked there they are somebody new, until they are back.
    swapped = tracker.see((left, right), (other, one))
    assert swapped == ([1, 0] if apart == 50 else [2, 3])
    assert tracker.see((left, right), (one, other)) == [0, 1]


def test_of_two_who_look_nearly_the_same_their_places_tell() -> None:
    one, other = alike_but_two(0.1)
    tracker = EverySecond()
    for _ in range(3):
        assert tracker.see((face(0), face(50)), (one, other)) == [0, 1]
        assert tracker.see((face(0), face(50)), (other, one)) == [0, 1]


def test_who_turns_away_beside_others_keeps_his_number() -> None:
    one, turned = alike_but_two()
    other = 255 - one
    tracker = EverySecond()
    for look in (one, turned, one):
        assert tracker.see((face(0), face(50)), (look, other)) == [0, 1]


def test_a_face_suddenly_much_smaller_is_another() -> None:
    tracker = EverySecond()
    tracker.see((face(0, width=300),))
    assert tracker.see((face(100, y=125, width=100),)) == [1]
