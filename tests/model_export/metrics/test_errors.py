"""Errors at a threshold and their intervals."""

import numpy as np
import pytest

from model_export.metrics.errors import Rate, errors_at


def test_the_interval_is_the_exact_one_of_the_tables() -> None:
    # Clopper and Pearson for 2 of 10: 0.0252 to 0.5561.
    rate = Rate.of(np.array([True] * 2 + [False] * 8))
    assert (rate.errors, rate.count, rate.rate) == (2, 10, 0.2)
    assert rate.low == pytest.approx(0.0252, abs=1e-4)
    assert rate.high == pytest.approx(0.5561, abs=1e-4)


def test_no_error_in_few_trials_is_no_proof() -> None:
    rate = Rate.of(np.zeros(20, bool))
    assert rate.low == 0
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_each_method_has_its_own_miss_rate() -> None:
    fake = np.array([0.9, 0.4, 0.5, 0.1])
    methods = np.array(["swap", "swap", "edit", "edit"])
    errors = errors_at(0.5, fake, methods, np.array([0.2, 0.5, 0.1, 0.0]))
    assert errors.apcer["swap"].rate == 0.5
    assert errors.apcer["edit"].rate == 0.5
    assert errors.bpcer.rate == 0.25
    assert errors.hter == pytest.approx((0.5 + 0.25) / 2)
    assert errors.accuracy == pytest.approx(5 / 8)


def test_a_rate_needs_trials() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rate.of(np.array([], bool))
