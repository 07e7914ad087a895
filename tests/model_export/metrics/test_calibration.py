"""Probabilities that mean what they say."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from model_export.metrics.calibration import brier, fit_logistic, fit_temperature, reliability


def test_the_expected_error_by_hand() -> None:
    # One bin at 0.9 that is right half the time, one at 0.1 that is right half the time.
    probabilities = np.array([0.9, 0.9, 0.1, 0.1])
    bins = reliability(probabilities, np.array([True, False, True, False]), bins=10)
    assert bins.ece == pytest.approx(0.4)
    assert bins.counts.tolist() == [2, 2]
    # One fake weighs as much as three reals: of the upper bin it is three quarters.
    bins = reliability(probabilities, np.array([True, False, False, False]), bins=10)
    assert bins.frequency == pytest.approx([0.0, 0.75])
    assert bins.ece == pytest.approx((0.15 * 4 + 0.1 * 2) / 6)


@pytest.mark.parametrize("reals", [2_000, 20_000, 80_000])
def test_the_ratio_of_the_classes_is_no_error_of_the_detector(reals: int) -> None:
    rng = np.random.default_rng(4)
    logits = np.concatenate((rng.normal(1, np.sqrt(2), 20_000), rng.normal(-1, np.sqrt(2), reals)))
    fake = np.arange(len(logits)) < 20_000
    assert reliability(expit(logits), fake).ece < 0.02
    assert brier(expit(logits), fake) == pytest.approx(0.16, abs=0.01)


def test_certainty_falls_into_the_last_bin() -> None:
    assert reliability(np.array([1.0]), np.array([True])).ece == 0


def test_bins_without_a_prediction_are_left_out_wherever_they_are() -> None:
    bins = reliability(np.array([0.2, 0.6]), np.array([False, True]))
    assert bins.counts.tolist() == [1, 1]
    assert bins.ece == pytest.approx((0.2 + 0.4) / 2)
    even = np.linspace(0, 1, 1500)
    assert reliability(even, even > 0.5).counts.tolist() == [100] * 15


def test_brier_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    probabilities = rng.random(100)
    fake = rng.random(100) < probabilities
    weights = np.where(fake, 1 / fake.sum(), 1 / (~fake).sum())
    reference = brier_score_loss(fake, probabilities, sample_weight=weights)
    assert brier(probabilities, fake) == pytest.approx(reference)
    assert brier(np.array([0.1, 0.4]), np.array([False, False])) == pytest.approx(0.085)


def test_a_class_of_which_there_is_more_weighs_no_more() -> None:
    rng = np.random.default_rng(5)
    real, fake = rng.normal(-1, 1, 4_000), rng.normal(1, 1, 4_000)
    labels = np.repeat([False, True], 4_000)
    even = fit_logistic(np.concatenate((real, fake)), labels)
    fewer = fit_logistic(np.concatenate((real[:1_000], fake)), labels[3_000:])
    assert even[0] == pytest.approx(fewer[0], rel=0.1)
    assert fewer[1] == pytest.approx(even[1], abs=0.15)


def test_a_known_slope_and_intercept_are_found_again() -> None:
    rng = np.random.default_rng(3)
    differences = rng.normal(0, 0.5, 20_000)
    fake = rng.random(20_000) < expit(5 * differences - 1)
    slope, intercept = fit_logistic(differences, fake)
    reference = LogisticRegression(C=np.inf, class_weight="balanced").fit(
        differences[:, None], fake
    )
    assert slope == pytest.approx(float(reference.coef_[0, 0]), rel=0.01)
    assert intercept == pytest.approx(float(reference.intercept_[0]), abs=0.02)
    few = min(fake.sum(), (~fake).sum())
    even = np.concatenate((np.flatnonzero(fake)[:few], np.flatnonzero(~fake)[:few]))
    assert reliability(expit(slope * differences + intercept)[even], fake[even]).ece < 0.02


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("unit", [1e-3, 1e-4, 1e-6, 1e-8])
def test_activations_that_hardly_differ_are_fitted_as_well(unit: float, offset: float) -> None:
    rng = np.random.default_rng(3)
    fake = np.arange(600) < 300
    ordinary = np.where(fake, 1.0, -1.0) + rng.normal(0, 1, 600)
    slope, intercept = fit_logistic(ordinary, fake)
    small_slope, small_intercept = fit_logistic(ordinary * unit + offset, fake)
    assert small_slope * unit == pytest.approx(slope, rel=1e-3)
    assert small_intercept + small_slope * offset == pytest.approx(intercept, abs=1e-3)


def test_separated_classes_give_a_finite_slope() -> None:
    slope, intercept = fit_logistic(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0, 0, 1, 1], bool))
    assert 0 < slope < 100
    assert intercept == pytest.approx(0, abs=1e-3)


def test_a_detector_that_ranks_backwards_still_gets_a_legal_slope() -> None:
    slope, _ = fit_logistic(np.array([1.0, 0.5, -0.5, -1.0]), np.array([0, 0, 1, 1], bool))
    assert slope > 0


def test_overconfident_logits_are_cooled() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 1, (5000, 3))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in shares])
    assert fit_temperature(logits * 4, labels) == pytest.approx(4, rel=0.1)


def test_temperatures_have_their_bounds() -> None:
    logits, labels = np.eye(3)[[0, 1, 2]], np.array([0, 1, 2])
    assert fit_temperature(logits, labels) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(logits, labels[[1, 2, 0]]) == pytest.approx(20, rel=1e-3)


def test_a_detector_that_says_the_same_of_everyone_is_at_even_chances() -> None:
    slope, intercept = fit_logistic(np.full(6, 2.5), np.arange(6) < 2)
    assert expit(slope * 2.5 + intercept) == pytest.approx(0.5, abs=0.05)


def test_nothing_cannot_be_calibrated() -> None:
    for fake in (True, False):
        with pytest.raises(ValueError, match="fakes and reals"):
            fit_logistic(np.array([1.0]), np.array([fake]))
    with pytest.raises(ValueError, match="at least one"):
        reliability(np.array([]), np.array([], bool))
    with pytest.raises(ValueError, match="labelled"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64))


def test_few_pictures_that_are_told_apart_are_no_certainty() -> None:
    apart, fake = np.array([-1.0, 1.0] * 4), np.array([False, True] * 4)
    slope, intercept = fit_logistic(apart, fake)
    assert expit(slope + intercept) == pytest.approx(5 / 6, abs=1e-3), "one more on either side"
    assert expit(intercept - slope) == pytest.approx(1 / 6, abs=1e-3)
