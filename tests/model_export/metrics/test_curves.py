"""Curves and what is read off them, by hand and against scikit-learn."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as reference_roc

from model_export.metrics.curves import (
    area_under_roc,
    equal_error,
    equal_error_rate,
    found_at_alarm_rate,
    normal_deviates,
    roc_curve,
)

FAKE = np.array([0.9, 0.8, 0.4, 0.3])
REAL = np.array([0.1, 0.2, 0.35, 0.6])


def test_the_area_counts_the_pairs_in_the_right_order() -> None:
    assert area_under_roc(FAKE, REAL) == pytest.approx(13 / 16)
    assert area_under_roc(np.array([1.0]), np.array([1.0])) == 0.5


def test_area_and_curve_agree_with_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(0)
    fake, real = rng.normal(0.7, 1, 200).round(1), rng.normal(0, 1, 300).round(1)
    truth = np.r_[np.ones(200), np.zeros(300)]
    scores = np.concatenate((fake, real))
    assert area_under_roc(fake, real) == pytest.approx(roc_auc_score(truth, scores))
    alarms, found, thresholds = reference_roc(truth, scores, drop_intermediate=False)
    roc = roc_curve(fake, real)
    np.testing.assert_allclose(roc.alarms, alarms)
    np.testing.assert_allclose(roc.misses, 1 - found)
    np.testing.assert_array_equal(roc.thresholds, thresholds)


def test_at_the_equal_error_both_errors_are_the_same() -> None:
    rate, threshold = equal_error(FAKE, REAL)
    assert rate == 0.25
    assert (threshold > FAKE).mean() == (threshold <= REAL).mean() == 0.25


def test_separated_classes_have_no_equal_error_and_a_finite_threshold() -> None:
    rate, threshold = equal_error(np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    assert rate == 0
    assert threshold == 0.8


def test_where_all_look_alike_half_are_wrong_at_the_score_of_all() -> None:
    assert equal_error(np.full(3, 0.7), np.full(5, 0.7)) == (0.5, 0.7)


def test_the_rate_of_the_equal_error_is_that_of_its_threshold() -> None:
    fake, real = np.array([0.9, 0.8, 0.7, 0.2]), np.array([0.1, 0.3, 0.4, 0.75])
    assert equal_error_rate(fake, real) == 0.25
    assert equal_error_rate(real, fake) == 0.75


def test_fakes_found_at_a_false_alarm_rate() -> None:
    assert found_at_alarm_rate(FAKE, REAL, 0.0) == 0.5
    assert found_at_alarm_rate(FAKE, REAL, 0.25) == 0.75
    assert found_at_alarm_rate(FAKE, REAL, 1.0) == 1.0


@pytest.mark.parametrize("reals", [20, 100, 200, 600, 1000])
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_as_many_alarms_as_the_rate_allows_are_spent(reals: int, rate: float) -> None:
    above = int(reals * rate + 1e-9)
    real = np.arange(reals, dtype=np.float64)
    fake = np.full(3, reals - above - 0.5)
    assert found_at_alarm_rate(fake, real, rate) == 1.0
    assert found_at_alarm_rate(fake - 1, real, rate) == 0.0


@pytest.mark.parametrize(("fake", "real"), [(np.array([]), REAL), (FAKE, np.array([]))])
def test_a_curve_needs_both_classes(fake: NDArray[np.float64], real: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="fakes and reals"):
        equal_error_rate(fake, real)


def test_deviates_of_impossible_rates_stay_finite() -> None:
    deviates = normal_deviates(np.array([0.0, 0.5, 1.0]), 10)
    assert deviates[1] == pytest.approx(0)
    assert deviates[0] == pytest.approx(-deviates[2])
    assert np.isfinite(deviates).all()
