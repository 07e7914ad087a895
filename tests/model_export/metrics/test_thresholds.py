"""Thresholds keep the policy's promises on the data they are fitted on."""

import numpy as np
import pytest

from model_export.metrics.thresholds import (
    Policy,
    mean_excess,
    method_threshold,
    verdict_thresholds,
)


@pytest.mark.parametrize("seed", range(5))
def test_the_promised_error_rates_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fake, real = rng.beta(4, 2, 997), rng.beta(2, 4, 1003)
    policy = Policy(bpcer=0.01, missed=0.05)
    manipulated, authentic = verdict_thresholds(fake, real, policy)
    assert 0 <= authentic <= 0.5 <= manipulated <= 1
    assert (real >= manipulated).mean() <= 0.01
    assert (fake <= authentic).mean() <= 0.05
    # Both are as decided as the policy allows.
    assert (real >= manipulated).sum() == 10
    assert (fake <= authentic).sum() in {49, int((fake <= 0.5).sum())}


def test_rounding_does_not_break_the_promise() -> None:
    rng = np.random.default_rng(0)
    fake, real = rng.beta(4, 2, 997), rng.beta(2, 4, 1003)
    manipulated, authentic = verdict_thresholds(fake, real, Policy(bpcer=0.01, missed=0.05))
    assert (real + 5e-6 >= manipulated).sum() == 10
    assert (fake - 5e-6 <= authentic).mean() <= 0.05


def test_a_verdict_never_contradicts_its_probability() -> None:
    manipulated, authentic = verdict_thresholds(
        np.full(100, 0.99), np.full(100, 0.01), Policy(0.01, 0.05)
    )
    assert (manipulated, authentic) == (0.5, 0.5)


def test_reals_as_certain_as_fakes_leave_nothing_to_accuse() -> None:
    manipulated, _ = verdict_thresholds(np.full(10, 1.0), np.full(10, 0.97), Policy())
    assert manipulated > 0.97


def test_methods_are_named_where_they_are_mostly_right() -> None:
    best = np.array([0.99, 0.95, 0.9, 0.6, 0.5])
    right = np.array([True, True, True, False, False])
    assert method_threshold(best, right, Policy(method_accuracy=0.9)) == 0.9
    assert method_threshold(best, right, Policy(method_accuracy=0.5)) == 0.5
    assert method_threshold(best, ~np.ones(5, bool), Policy()) == 1.0
    assert method_threshold(best, right, Policy(method_accuracy=1.0)) == 0.9
    tied = np.array([0.99, 0.9, 0.9, 0.9])
    half = np.array([True, True, False, False])
    assert method_threshold(tied, half, Policy(method_accuracy=0.9)) == 0.99


def test_thresholds_are_probabilities_however_certain_a_detector_is() -> None:
    certain = np.full(100, 1.0)
    assert verdict_thresholds(1 - certain, certain, Policy()) == (1.0, 0.0)


def test_as_many_are_called_as_the_policy_allows() -> None:
    real, fake = np.linspace(0.6, 0.99, 100), np.linspace(0.01, 0.4, 100)
    manipulated, authentic = verdict_thresholds(fake, real, Policy(bpcer=0.57, missed=0.57))
    assert (real >= manipulated).sum() == (fake <= authentic).sum() == 57


def test_a_policy_that_allows_everything_is_kept_too() -> None:
    real, fake = np.linspace(0.6, 0.99, 100), np.linspace(0.01, 0.4, 100)
    manipulated, authentic = verdict_thresholds(fake, real, Policy(bpcer=1.0, missed=1.0))
    assert (real >= manipulated).sum() == (fake <= authentic).sum() == 99
    assert mean_excess(real, Policy(bpcer=1.0)) == pytest.approx(0.39 * 50 / 99)


def test_the_excess_is_that_of_the_reals_most_like_fakes() -> None:
    rng = np.random.default_rng(0)
    assert mean_excess(rng.exponential(0.8, 100_000), Policy()) == pytest.approx(0.8, rel=0.02)
    real = np.array([*[-5.0] * 18, 1.0, 3.0])
    assert mean_excess(real, Policy(bpcer=0.01)) == 7.0, "a tenth, two of 20, above -5"
    assert mean_excess(real, Policy(bpcer=0.05)) == 7.0
    assert mean_excess(real, Policy(bpcer=0.5)) == pytest.approx(14 / 10)
    assert mean_excess(np.arange(9.0), Policy()) == 0.0, "a tenth of nine is none"
