"""Which method made a fake."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.inference.evidence import Evidence
from service.inference.model_file import ModelSpec
from service.verdict.calibration import FaceVerdict
from service.verdict.findings import Confidence, MethodFinding
from service.verdict.mask import decided
from service.verdict.shape import method_of_shape

NO_METHOD = MethodFinding("none", {}, "high")
UNKNOWN_METHOD = MethodFinding("unknown", {}, "low")

HIGH, MEDIUM = 0.9, 0.7
"""Probability of a method from which the confidence in its name is high, and medium."""


def is_suspected(verdict: FaceVerdict, fake_probability: float) -> bool:
    """Whether a method is named at all: of what is at least as likely fake as real."""
    return verdict != "authentic" and fake_probability >= 0.5


def name_method(
    evidence: Sequence[Evidence],
    weights: Sequence[float],
    verdict: FaceVerdict,
    worst_mask: NDArray[np.uint8],
    spec: ModelSpec,
    *,
    fake_probability: float,
) -> MethodFinding:
    """The method of one face.

    evidence, weights: of each of its crops; the crops vote by their method probabilities,
        each with its P(fake) as weight.
    worst_mask: the network's, uint8 grey (size, size), of the most incriminating crop; its
        shape decides where the model has no method output, always with low confidence.
    fake_probability: of the face, see `is_suspected`.
    """
    if verdict == "authentic":
        return NO_METHOD
    suspected = is_suspected(verdict, fake_probability)
    logits = [item.method_logits for item in evidence if item.method_logits is not None]
    if not logits or not spec.methods:
        if not suspected:
            return UNKNOWN_METHOD
        shape = method_of_shape(decided(worst_mask, spec.thresholds.mask))
        return MethodFinding(shape, {}, "low")
    votes = np.stack([_softmax(each / spec.method_temperature) for each in logits])
    shares = np.average(votes, axis=0, weights=np.maximum(weights, 1e-9))
    best = int(shares.argmax())
    known = suspected and shares[best] >= spec.thresholds.method
    probabilities = dict(zip(spec.methods, shares.tolist(), strict=True))
    confidence = _confidence(float(shares[best])) if known and verdict == "manipulated" else "low"
    return MethodFinding(spec.methods[best] if known else "unknown", probabilities, confidence)


def _confidence(probability: float) -> Confidence:
    if probability >= HIGH:
        return "high"
    return "medium" if probability >= MEDIUM else "low"


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    grown = np.exp(logits.astype(np.float64) - logits.max())
    shares: NDArray[np.float64] = grown / grown.sum()
    return shares
