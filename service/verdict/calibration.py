"""From activations to probabilities, and from probabilities to verdicts."""

import math
from typing import Literal

from service.inference.evidence import Evidence
from service.inference.model_file import Calibration, Thresholds

FaceVerdict = Literal["manipulated", "authentic", "inconclusive"]


def fake_logit(evidence: Evidence, calibration: Calibration) -> float:
    """The calibrated logit of P(fake) of one crop."""
    difference = evidence.fake_activation - evidence.real_activation
    return calibration.slope * difference + calibration.intercept


def authentic_difference(calibration: Calibration, thresholds: Thresholds) -> float:
    """fake_activation - real_activation up to which one crop alone is judged authentic.

    A little less, so that rounding to float32 leaves no face undecided and without a mask.
    """
    exact = (logit_of(thresholds.authentic) - calibration.intercept) / calibration.slope
    return exact - 1e-5


def probability(logit: float) -> float:
    """The logistic function, safe for any finite logit."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-min(logit, 700.0)))
    grown = math.exp(max(logit, -700.0))
    return grown / (1.0 + grown)


def logit_of(share: float) -> float:
    """The inverse of `probability`; infinite at 0 and 1, where a threshold may lie."""
    if not 0.0 < share < 1.0:
        return math.inf if share >= 1.0 else -math.inf
    return math.log(share / (1.0 - share))


def manipulated_among(people: int, thresholds: Thresholds) -> float:
    """P(fake) from which a face is called manipulated where so many people are judged.

    The worst face decides, whenever it is shown, and of n real ones the worst is above a fixed
    threshold nearly n times as often as a single one. The logits of the highest reals fall off
    exponentially, by 1/e for each mean excess, so that this times ln n more keeps the share of real
    uploads above it where it is for one person (peaks over threshold: Embrechts, Klüppelberg,
    Mikosch, "Modelling Extremal Events", 1997, 6.5).
    """
    if people <= 1:
        return thresholds.manipulated
    more = thresholds.mean_excess * math.log(people)
    return probability(logit_of(thresholds.manipulated) + more)


def decide(fake_probability: float, thresholds: Thresholds) -> FaceVerdict:
    """The verdict that the model's own thresholds give on a face that is judged alone."""
    if fake_probability >= thresholds.manipulated:
        return "manipulated"
    if fake_probability <= thresholds.authentic:
        return "authentic"
    return "inconclusive"
