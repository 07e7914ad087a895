"""What held-out pictures say of the epochs of a fine-tuning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a network makes of held-out crops as they are.

    losses: of decision and mask, float (G,), the mean of each picture or clip.
    """

    losses: NDArray[np.float64]
    auc: float
    eer: float

    def figures(self) -> dict[str, float]:
        """Mean loss, AUC and EER by name."""
        return {"loss": float(self.losses.mean()), "auc": self.auc, "eer": self.eer}


def last_good(epochs: Sequence[NDArray[np.float64]]) -> int:
    """The last epoch that is worse than the best by no more than one standard error.

    epochs: held-out losses of each, float (G,), one for each picture or clip, the untouched
        network's first. A few of them tell epochs apart no better than that, and a network that
        has learned for longer knows more of what they do not show (Breiman et al., Classification
        and Regression Trees, 1984: the rule for choosing a tree's size). One alone has no standard
        error: then it is the best.
    """
    best = min(epochs, key=lambda losses: float(losses.mean()))
    good = 0
    for epoch, losses in enumerate(epochs):
        worse = losses - best
        error = worse.std(ddof=1) / math.sqrt(len(worse)) if len(worse) > 1 else 0.0
        if worse.mean() <= error:
            good = epoch
    return good
