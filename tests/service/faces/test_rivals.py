"""Who a face may be depends on who else claims it; claims are compared once."""

import numpy as np
import pytest

from service.faces import rivals
from service.faces.looks import Look, likeness
from service.faces.rivals import Rivals

RNG = np.random.default_rng(5)


def look() -> Look:
    return RNG.uniform(0, 255, (16, 16, 3)).astype(np.float32)


ONE, OTHER = look(), look()
BETWEEN = (0.55 * ONE + 0.45 * OTHER).astype(np.float32)


def test_a_face_that_is_surely_a_rivals_is_not_one_that_it_resembles() -> None:
    assert Rivals({0: BETWEEN}, [0], [ONE]).may_be(0, 0)
    both = {0: BETWEEN, 1: ONE}
    assert not Rivals(both, [0, 1], [ONE]).may_be(0, 0)
    assert Rivals(both, [0, 1], [ONE]).may_be(1, 0)
    assert Rivals(both, [0], [ONE]).may_be(0, 0), "whose claims are not heeded outdoes nobody"
    assert not Rivals({0: OTHER}, [0], [ONE]).may_be(0, 0)


def test_of_whom_no_look_is_known_it_tells_nothing() -> None:
    assert Rivals({}, [0], [ONE]).may_be(0, 0)
    assert Rivals({0: ONE}, [0], [None]).may_be(0, 0)


def test_no_two_are_compared_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pairs of a frame of many, for each of their claims, took most of a short clip's time."""
    compared: list[tuple[int, int]] = []

    def counted(one: Look, other: Look) -> float:
        compared.append((id(one), id(other)))
        return likeness(one, other)

    monkeypatch.setattr(rivals, "likeness", counted)
    known = {number: look() for number in range(6)}
    frame = [each + 5 for each in known.values()]
    claims = Rivals(known, [*known], frame)
    found = [[claims.may_be(number, place) for place in range(6)] for number in range(6)]
    assert found == [[number == place for place in range(6)] for number in range(6)]
    assert len(compared) == len(set(compared)) == 36
