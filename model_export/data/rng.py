"""Small helpers to draw random recipe parameters."""

import numpy as np

Rng = np.random.Generator


def chance(rng: Rng, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def between(rng: Rng, low: float, high: float) -> float:
    """A uniform float in [low, high)."""
    return float(rng.uniform(low, high))
