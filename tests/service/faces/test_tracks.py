"""One face keeps one number through a clip."""

from service.faces.crop import Box
from service.faces.detection import Detection
from service.faces.tracks import MOST_MISSED, Tracker


def face(x: float, y: float = 0, width: float = 100) -> Detection:
    return Detection(Box(x, y, width, width * 1.25), (), 0.9)


def test_two_faces_that_move_keep_their_numbers() -> None:
    tracker = Tracker()
    assert tracker.update((face(0), face(400))) == [0, 1]
    assert tracker.update((face(380), face(30))) == [1, 0]
    assert tracker.update((face(60), face(360))) == [0, 1]


def test_the_nearer_of_two_claims_wins() -> None:
    tracker = Tracker()
    tracker.update((face(0), face(70)))
    assert tracker.update((face(60), face(130))) == [1, 2]


def test_a_track_survives_missed_frames_but_not_for_ever() -> None:
    tracker = Tracker()
    tracker.update((face(0),))
    for _ in range(MOST_MISSED):
        assert tracker.update(()) == []
    assert tracker.update((face(10),)) == [0]
    for _ in range(MOST_MISSED + 1):
        tracker.update(())
    assert tracker.update((face(10),)) == [1]


def test_a_jump_or_a_sudden_change_of_size_is_another_face() -> None:
    tracker = Tracker()
    tracker.update((face(0),))
    assert tracker.update((face(300),)) == [1]
    tracker = Tracker()
    tracker.update((face(0),))
    assert tracker.update((face(0, width=300),)) == [1]


def test_landmarks_tell_what_boxes_cannot() -> None:
    def seen(x: float, shift: float) -> Detection:
        points = tuple((x + shift + i, 50.0) for i in range(5))
        return Detection(Box(x, 0, 100, 125), points, 0.9)

    tracker = Tracker()
    tracker.update((seen(0, 20), seen(40, 60)))
    assert tracker.update((seen(20, 81), seen(20, 1))) == [1, 0]


def test_the_most_present_tracks_are_kept_and_renumbered() -> None:
    tracker = Tracker()
    tracker.update((face(0, width=60), face(400, width=100)))
    tracker.update((face(0, width=60), face(1000, width=100)))
    for _ in range(8):
        tracker.update((face(0, width=60),))
    # Ten frames at 60 pixels outweigh one at 100.
    assert tracker.keep(2) == {0: 0, 1: 1}
    assert tracker.keep(1) == {0: 0}
