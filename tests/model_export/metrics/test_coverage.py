"""What leaving the doubtful undecided buys."""

import numpy as np
import pytest

from model_export.metrics.coverage import band, risk_coverage


def test_the_certain_decide_first() -> None:
    probabilities = np.array([0.99, 0.45, 0.05, 0.6])
    fake = np.array([True, True, False, False])
    curve = risk_coverage(probabilities, fake)
    # By certainty: 0.99 right, 0.05 right, 0.6 wrong, 0.45 wrong.
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_the_order_of_equally_certain_ones_changes_nothing() -> None:
    probabilities, fake = np.array([0.75] * 6 + [0.25] * 2), np.arange(8) < 2
    curve = risk_coverage(probabilities, fake)
    np.testing.assert_allclose(curve.risk, 0.5)
    turned = risk_coverage(probabilities[::-1], fake[::-1])
    np.testing.assert_allclose(turned.risk, curve.risk)


def test_verdicts_with_a_band_between() -> None:
    probabilities = np.array([0.9, 0.5, 0.1, 0.8, 0.3])
    fake = np.array([True, True, True, False, False])
    verdicts = band(probabilities, fake, authentic=0.3, manipulated=0.8)
    assert verdicts.decided == pytest.approx(4 / 5)
    assert verdicts.wrong == pytest.approx(2 / 4)
    assert verdicts.fakes_called_authentic == pytest.approx(1 / 3)
    assert verdicts.reals_called_manipulated == pytest.approx(1 / 2)


def test_where_nothing_is_decided_nothing_is_wrong() -> None:
    verdicts = band(np.array([0.5, 0.5]), np.array([True, False]), 0.1, 0.9)
    assert (verdicts.decided, verdicts.wrong) == (0, 0)


def test_one_decision_among_many_is_right_or_wrong_by_itself() -> None:
    for fake, wrong in ((True, 0.0), (False, 1.0)):
        verdicts = band(np.array([0.9, 0.5, 0.5]), np.array([fake, True, False]), 0.1, 0.9)
        assert verdicts.decided == pytest.approx(1 / 3)
        assert verdicts.wrong == wrong


def test_risk_needs_decisions() -> None:
    with pytest.raises(ValueError, match="at least one"):
        risk_coverage(np.array([]), np.array([], bool))


def test_what_reaches_both_thresholds_is_manipulated() -> None:
    half = np.array([0.5, 0.5])
    verdicts = band(half, np.array([True, False]), authentic=0.5, manipulated=0.5)
    assert verdicts.fakes_called_authentic == 0
    assert (verdicts.reals_called_manipulated, verdicts.wrong) == (1.0, 0.5)
