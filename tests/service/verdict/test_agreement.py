"""A stretch is a story; flips are a contradiction."""

import numpy as np
import pytest

from service.verdict.agreement import LEAST_AGREEMENT, agreement

FAKE, REAL, DOUBT = 4.0, -4.0, 0.0


def agreeing(*logits: float) -> float:
    return agreement(logits, authentic=-1.0, manipulated=1.0)


@pytest.mark.parametrize("length", range(17))
@pytest.mark.parametrize("start", [0, 5, 12])
def test_a_clip_manipulated_for_a_stretch_agrees(start: int, length: int) -> None:
    logits = [REAL] * 16
    logits[start : start + length] = [FAKE] * len(logits[start : start + length])
    assert agreeing(*logits) == 1.0


def test_frames_that_contradict_each_other_one_by_one_do_not_agree_at_all() -> None:
    assert agreeing(*[FAKE, REAL] * 8) == 0.0
    assert agreeing(FAKE, REAL, FAKE, REAL) == 0.0


def test_a_slip_costs_a_little() -> None:
    one_slip = [REAL] * 4 + [FAKE] * 4 + [REAL] + [FAKE] * 3 + [REAL] * 4
    assert agreeing(*one_slip) == pytest.approx(1 - 2 / 13)
    assert agreeing(*one_slip) > LEAST_AGREEMENT


def test_frames_in_doubt_take_no_side() -> None:
    assert agreeing(*[FAKE, DOUBT] * 8) == 1.0
    assert agreeing(*[DOUBT] * 16) == 1.0
    assert agreeing(FAKE, DOUBT, REAL, DOUBT, FAKE, DOUBT, REAL) == 0.0


@pytest.mark.parametrize("logits", [(), (FAKE,), (FAKE, REAL), (FAKE, REAL, FAKE)])
def test_a_few_frames_cannot_disagree(logits: tuple[float, ...]) -> None:
    assert agreeing(*logits) == 1.0


def test_coins_are_found_out() -> None:
    """Frames whose sides are thrown like coins are called disagreeing, most of the time."""
    generator = np.random.default_rng(5)
    throws = generator.choice([FAKE, REAL], (400, 16))
    caught = np.mean([agreeing(*throw) < LEAST_AGREEMENT for throw in throws])
    assert caught > 0.8
