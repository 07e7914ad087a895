"""What becomes of uploads with several faces, told from faces judged alone."""

import numpy as np
import pytest

from model_export.metrics.company import FACES, in_company
from model_export.metrics.thresholds import Policy, mean_excess
from service.inference.model_file import Thresholds
from service.verdict.calibration import logit_of, manipulated_among, probability


def test_without_an_excess_false_alarms_add_up() -> None:
    real = np.linspace(-2, 2, 100)
    found = in_company(np.full(10, 5.0), real, Thresholds(probability(1.9), 0.1, 128, 0.5))
    assert [each.faces for each in found] == list(FACES)
    assert [each.reals for each in found] == pytest.approx([1 - 0.97**n for n in FACES])
    assert all(each.as_if_alone == each.reals and each.fakes == 1 for each in found)


def test_real_uploads_are_called_manipulated_as_often_whatever_their_faces() -> None:
    rng = np.random.default_rng(0)
    real, fake = (rng.logistic(at, 0.7, 100_000) for at in (-2.0, 2.0))
    least = float(np.quantile(real, 0.95))
    fitted = mean_excess(real, Policy(bpcer=0.05))
    thresholds = Thresholds(probability(least), 0.2, 128, 0.5, mean_excess=fitted)
    found = in_company(fake, real, thresholds)
    assert [each.reals for each in found] == pytest.approx([0.05] * 4, abs=0.01)
    assert found[-1].as_if_alone == pytest.approx(1 - 0.95**8, abs=0.01)
    shares = [each.fakes for each in found]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == (fake >= least).mean()
    together = rng.choice(real, (20_000, 8)).max(1)
    called = (together >= logit_of(manipulated_among(8, thresholds))).mean()
    assert called == pytest.approx(found[-1].reals, abs=0.005)


def test_what_reaches_the_threshold_is_called_manipulated() -> None:
    alone, *_ = in_company(np.zeros(1), np.array([0.0, -1.0]), Thresholds(0.5, 0.1, 128, 0.5))
    assert (alone.faces, alone.fakes, alone.reals) == (1, 1.0, 0.5)
