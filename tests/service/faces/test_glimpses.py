"""Who is not looked at in a frame, because larger faces are, was there all the same."""

import numpy as np

from service.faces.looks import Look, alike
from tests.service.faces.sights import EverySecond, face

RANDOM = np.random.default_rng(4)
ONE, OTHER, CROWD = (RANDOM.uniform(0, 255, (16, 16, 3)).astype(np.float32) for _ in range(3))
LARGE = face(500, width=300)


class Film(EverySecond):
    """One analysed frame a second, with a crowd of one, or a face alone."""

    def crowd(self, *left_out: float, look: Look = ONE) -> None:
        """left_out: where faces lie that are not looked at."""
        faces = [face(x) for x in left_out]
        self.see((LARGE,), [CROWD], faces, [look] * len(faces))

    def alone(self, x: float = 0) -> None:
        self.see((face(x),), [ONE])


def judged(film: Film) -> tuple[list[int], int]:
    """In which frames the face is kept that is alone in frame 7, and of how many more it is
    crowded out.
    """
    room = film.keep(1, [1.0] * 16)
    number = next((old for old, frame in room.numbers if frame == 7), None)
    frames = [frame for old, frame in room.numbers if old == number]
    return frames, 0 if number is None else room.crowded_out[number]


def test_a_face_left_out_of_all_frames_but_one_is_not_judged_by_that() -> None:
    film = Film()
    for frame in range(16):
        if frame == 7:
            film.alone()
        else:
            film.crowd(0)
    assert judged(film) == ([], 0)


def test_frames_that_a_face_is_left_out_of_count_before_and_after_it_is_seen() -> None:
    film = Film()
    for frame in range(16):
        if 6 <= frame < 11:
            film.alone()
        else:
            film.crowd(0)
    assert judged(film) == ([6, 7, 8, 9, 10], 11)


def test_who_is_left_out_is_followed_where_he_goes() -> None:
    film = Film()
    for frame in range(16):
        if frame == 7:
            film.alone(60 * frame)
        else:
            film.crowd(60 * frame, 60 * frame + 200)
    assert judged(film) == ([], 0)


def test_others_who_are_left_out_are_not_the_one_who_is_alone() -> None:
    """A close-up in a film of crowds is judged."""
    for elsewhere, look in ((300.0, ONE), (0.0, OTHER)):
        film = Film()
        for frame in range(16):
            if frame == 7:
                film.alone()
            else:
                film.crowd(elsewhere, look=look)
        assert judged(film) == ([7], 0)


def test_nor_is_a_stranger_who_looks_a_little_like_him() -> None:
    """Among many somebody does; nobody else competes for who is left out."""
    stranger = np.asarray(0.7 * ONE + 0.7 * OTHER - 50, np.float32)
    assert alike(ONE, stranger)
    film = Film()
    for frame in range(16):
        if frame == 7:
            film.alone()
        else:
            film.crowd(0.0, look=stranger)
    assert judged(film) == ([7], 0)


def test_who_is_not_seen_at_all_for_long_is_somebody_new() -> None:
    film = Film()
    for frame in range(16):
        if frame == 7:
            film.alone()
        else:
            film.crowd(*([0.0] if frame < 4 or frame > 10 else []))
    assert judged(film) == ([7], 0)
