"""Whose tracks are one person's, so that who has many is not taken for many."""

import numpy as np

from service.faces.looks import Look
from service.faces.people import People

RANDOM = np.random.default_rng(3)
ONE, OTHER, THIRD = (RANDOM.integers(0, 256, (16, 16, 3)).astype(np.float32) for _ in range(3))


def numbered(*frames: dict[int, Look]) -> dict[int, int]:
    """The person of each track, by number. frames: how each track looks that is in it."""
    people = People()
    for index, seen in enumerate(frames):
        people.update(5 * index, [*seen], [*seen.values()])
    return people.number(sorted({track for seen in frames for track in seen}))


def test_who_looks_alike_at_another_time_is_one_person() -> None:
    assert numbered({0: ONE}, {1: OTHER}, {2: ONE + 5}, {3: OTHER}) == {0: 0, 1: 1, 2: 0, 3: 1}


def test_who_changes_is_one_person_where_any_two_frames_are_alike() -> None:
    assert numbered({0: ONE}, {0: OTHER}, {1: OTHER}, {1: THIRD}) == {0: 0, 1: 0}
    # Not alike themselves, but both like one that is known.
    assert numbered({0: ONE}, {0: OTHER}, {1: ONE}, {2: OTHER}) == {0: 0, 1: 0, 2: 0}


def test_whoever_is_in_a_frame_with_another_is_somebody_else() -> None:
    assert numbered({0: ONE, 1: ONE}, {2: ONE}) == {0: 0, 1: 1, 2: 0}
    # Nor with another track of the same person.
    assert numbered({0: ONE}, {1: ONE}, {2: ONE, 1: ONE}) == {0: 0, 1: 0, 2: 1}


def test_people_are_numbered_by_the_tracks_that_are_asked_for() -> None:
    people = People()
    people.update(0, [0, 1, 2], [ONE, OTHER, THIRD])
    assert people.number([2, 0]) == {2: 0, 0: 1}


def test_not_all_of_a_crowd_are_compared() -> None:
    """With 8 faces in each of 64 frames, and cuts between, that would take seconds."""
    crowd = [RANDOM.integers(0, 256, (16, 16, 3)).astype(np.float32) for _ in range(64)]
    shots = [{place: look} for place, look in enumerate([*crowd[:63], crowd[0], *crowd[63:]])]
    again = {65: crowd[0], 66: crowd[1]}
    numbers = numbered(*shots, again)
    assert numbers[63] == 0
    assert [numbers[place] for place in (64, 65, 66)] == [63, 64, 65]
