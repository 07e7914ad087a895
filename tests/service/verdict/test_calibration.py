"""Activations to probabilities to verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from service.inference.model_file import Calibration, Thresholds
from service.verdict.aggregate import track_logit
from service.verdict.calibration import decide, fake_logit, manipulated_among, probability
from tests.service.verdict.faces import evidence

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def test_the_stronger_fake_half_means_a_likelier_fake() -> None:
    calibration = Calibration("logistic", slope=4.0, intercept=-1.0)
    assert fake_logit(evidence(2.0), calibration) == 7.0
    assert fake_logit(evidence(-2.0), calibration) == -9.0


def test_probability_is_the_logistic_function() -> None:
    assert probability(0.0) == 0.5
    assert probability(2.0) == pytest.approx(0.8807970779778823)
    assert probability(2.0) + probability(-2.0) == pytest.approx(1.0)


@pytest.mark.parametrize("logit", [-1e9, 1e9])
def test_probability_survives_extremes(logit: float) -> None:
    assert 0.0 <= probability(logit) <= 1.0


@pytest.mark.parametrize(
    ("fake", "verdict"),
    [(0.7, "manipulated"), (0.69, "inconclusive"), (0.31, "inconclusive"), (0.3, "authentic")],
)
def test_thresholds_belong_to_the_certain_verdicts(fake: float, verdict: str) -> None:
    assert decide(fake, THRESHOLDS) == verdict


def test_of_several_faces_one_must_look_more_like_a_fake() -> None:
    rising = replace(THRESHOLDS, mean_excess=0.8)
    assert manipulated_among(1, rising) == manipulated_among(0, rising) == 0.7
    least = np.log(0.7 / 0.3) + 0.8 * np.log(4)
    assert manipulated_among(4, rising) == pytest.approx(probability(least))
    assert manipulated_among(4, THRESHOLDS) == pytest.approx(0.7)
    assert manipulated_among(4, replace(rising, manipulated=1.0)) == 1.0


def test_a_picture_keeps_its_logit() -> None:
    assert track_logit([1.5]) == 1.5


def test_a_track_is_judged_by_its_worst_quarter_in_a_row() -> None:
    stretch = [-4.0] * 9 + [2.0, 3.0, 4.0, 3.0] + [-4.0] * 3
    assert track_logit(stretch) == pytest.approx(3.0)
    assert track_logit(stretch[::-1]) == pytest.approx(3.0)
    assert track_logit([-4.0] * 16) == -4.0


def test_a_still_weighs_what_it_lasts() -> None:
    around = [-4.0] * 8 + [4.0] + [-4.0] * 7
    seconds = [0.5] * 8 + [60.0] + [0.5] * 7
    assert track_logit(around) < 0
    assert track_logit(around, seconds) > 3.9
    assert track_logit([-each for each in around], seconds) < 4.0


def test_a_long_still_does_not_drown_what_begins_beside_it() -> None:
    """Nine seconds of a real face, then three of a fake one: of these three a quarter is all."""
    logits, seconds = [-3.0] + [2.0] * 15, [9.0] + [0.2] * 15
    assert track_logit(logits, seconds) == pytest.approx(2.0)
    assert track_logit(logits, [9.2] + [2.8 / 15] * 15) == pytest.approx((2.8 * 2 - 0.2 * 3) / 3)
    # Whoever shows a frame for long cannot make the others count for nothing.
    assert track_logit([-3.0] + [2.0] * 15, [27.0] + [0.6] * 15) == pytest.approx(2.0)


def test_a_clip_played_backwards_says_the_same() -> None:
    rng = np.random.default_rng(5)
    for count in range(1, 65):
        logits, seconds = rng.normal(0, 3, count), rng.uniform(0.0, 2.0, count)
        forwards = track_logit([*logits], [*seconds])
        assert track_logit([*logits[::-1]], [*seconds[::-1]]) == pytest.approx(forwards)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 7.0])
def test_frames_of_equal_length_weigh_the_same_whatever_that_is(seconds: float) -> None:
    rng = np.random.default_rng(3)
    for count in range(1, 65):
        logits = rng.normal(0, 3, count).tolist()
        assert track_logit(logits, [seconds] * count) == pytest.approx(track_logit(logits))


@pytest.mark.parametrize("count", range(4, 16))
def test_nor_is_one_that_stands_for_a_little_less_than_the_others(count: int) -> None:
    """Of real time stamps nearly always one does, and has room for a sliver of its neighbour."""
    seconds = [1.0] * count
    seconds[2] = 0.97
    logits = [-3.0] * count
    logits[2] = 3.0
    assert track_logit(logits, seconds) == pytest.approx(track_logit(logits), abs=0.1)
    assert track_logit(logits, seconds) < 0.1


def test_a_single_frame_is_never_enough_where_there_are_more() -> None:
    assert track_logit([-5.0, 4.0, -5.0, 2.0]) == pytest.approx(-0.5)
    assert track_logit([-5.0, 4.0, 1.0]) == pytest.approx(2.5)
    assert track_logit([3.0, 1.0]) == pytest.approx(2.0)
