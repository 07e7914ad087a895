"""Whether probabilities mean what they say, and how to make them do so."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax

Values = NDArray[np.float64]
LEAST_SLOPE = 1e-3
SMALL_SPREAD = 1e-2
"""Standard deviation of differences below which the fit would take its first steps for its last."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of equal width over [0, 1]; bins without a prediction are left out.

    confidence: mean predicted P(fake) of each bin; frequency: share of fakes in it, both classes
    weighing alike; counts: how many predictions. ece: expected calibration error (Naeini et al.,
    AAAI 2015).
    """

    confidence: Values
    frequency: Values
    counts: NDArray[np.int64]
    ece: float


def reliability(probabilities: Values, fake: NDArray[np.bool_], bins: int = 15) -> Reliability:
    """Bin predicted P(fake) (N,) against the truth (N,). Raises ValueError when empty.

    Probabilities are fitted to classes that weigh alike, see `fit_logistic`, and are held against
    such: else the ratio of the classes would be taken for an error of the detector's.
    """
    if not len(probabilities):
        raise ValueError("calibration needs at least one prediction")
    weights = _balanced(fake)
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    used = counts > 0
    held = np.bincount(place, weights, bins)[used]
    confidence = np.bincount(place, weights * probabilities, bins)[used] / held
    frequency = np.bincount(place, weights * fake, bins)[used] / held
    ece = float((np.abs(confidence - frequency) * held).sum())
    return Reliability(confidence, frequency, counts[used], ece)


def brier(probabilities: Values, fake: NDArray[np.bool_]) -> float:
    """Mean squared error of P(fake), 0 to 1, both classes weighing alike (Brier 1950)."""
    return float(_balanced(fake) @ (probabilities - fake) ** 2)


def _balanced(fake: NDArray[np.bool_]) -> Values:
    """Weights that add up to 1, of each class to one half where there are both."""
    fakes = int(fake.sum())
    reals = len(fake) - fakes
    if not fakes or not reals:
        return np.full(len(fake), 1 / len(fake))
    return np.where(fake, 0.5 / fakes, 0.5 / reals)


def fit_logistic(differences: Values, fake: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of P(fake) = sigmoid(slope * difference + intercept) (Platt 1999).

    differences: fake activation minus real activation, (N,). Both classes weigh the same, however
    many there are of each: of FaceForensics++ there are four fakes to a real. Platt's smoothed
    targets and a lower bound on the slope keep both finite where the classes separate perfectly.
    Raises ValueError when a class is absent.
    """
    fakes = int(fake.sum())
    reals = len(fake) - fakes
    if not fakes or not reals:
        raise ValueError("calibration needs fakes and reals")
    targets = np.where(fake, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    weights = _balanced(fake)
    spread = max(float(np.std(differences)), 1e-6)
    middle, unit = (float(differences.mean()), spread) if spread < SMALL_SPREAD else (0.0, 1.0)
    scaled = (differences - middle) / unit

    def loss(parameters: Values) -> tuple[float, Values]:
        logits = parameters[0] * scaled + parameters[1]
        value = weights @ (np.logaddexp(0, logits) - targets * logits)
        gradient = weights * (expit(logits) - targets)
        return float(value), np.array([gradient @ scaled, gradient.sum()])

    found = minimize(
        loss,
        np.array([unit / spread, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_SLOPE * unit, None), (None, None)],
    )
    slope = float(found.x[0]) / unit
    return slope, float(found.x[1]) - slope * middle


def fit_temperature(logits: Values, labels: NDArray[np.int64]) -> float:
    """Temperature by which to divide class logits (N, C) so that softmax gives probabilities.

    Guo et al., ICML 2017; between 0.05 and 20. Raises ValueError when there is no label.
    """
    if not len(labels):
        raise ValueError("a temperature needs labelled logits")

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))
