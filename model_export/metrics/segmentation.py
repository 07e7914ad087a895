"""How well a mask matches the truth.

Masks are uint8 (H, W), 255 = manipulated; a pixel counts from a grey level of `level` on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_export.data.pictures import COUNTS_FROM

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MaskMatch:
    """One predicted mask against its truth; shares from 0 to 1.

    pixel_accuracy: share of pixels on the right side, the paper's figure. It flatters: an
        all-black mask scores about 0.82 on a balanced set.
    iou, dice: overlap of the manipulated pixels; 1 where both masks are black.
    area: share of pixels predicted manipulated; on a real picture, the false-mask area.
    """

    pixel_accuracy: float
    iou: float
    dice: float
    area: float


def match_masks(guess: Mask, truth: Mask, level: int = 128) -> MaskMatch:
    """Compare two masks of one size. Raises ValueError when the sizes differ."""
    if guess.shape != truth.shape:
        raise ValueError(f"masks of {guess.shape} and {truth.shape} cannot be compared")
    found, there = guess >= level, truth >= COUNTS_FROM
    both, either = int((found & there).sum()), int((found | there).sum())
    return MaskMatch(
        pixel_accuracy=float((found == there).mean()),
        iou=both / either if either else 1.0,
        dice=2 * both / (both + either) if either else 1.0,
        area=float(found.mean()),
    )
