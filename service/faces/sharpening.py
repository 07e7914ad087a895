"""Unsharp masking: fine detail that enlarging a face has blurred, put forward again."""

import cv2
import numpy as np
from numpy.typing import NDArray

MOST = 1.5
"""Largest amount: more brings out little but grain and the blocks of codecs."""
UNSEEN = 0.85
"""Enlargement up to which nothing is done: crops shrunk further are crisp already."""
_BLUR = np.outer((1, 2, 1), (1, 2, 1)) / 16


def amount_at(strength: float, enlargement: float) -> float:
    """How much of its detail is added to a crop once more, 0 to MOST.

    strength: amount for each unit of enlargement above UNSEEN. enlargement: side of the crop
    over the side of what it shows in the frame, both in pixels.
    """
    return min(MOST, strength * max(0.0, enlargement - UNSEEN))


def sharpened(pixels: NDArray[np.uint8], amount: float) -> NDArray[np.uint8]:
    """x + amount (x - blurred x), blurred by the 3 x 3 binomial kernel; uint8 (H, W, 3).

    Whatever is evenly coloured stays as it is; without an amount the picture itself is returned.
    """
    if amount <= 0:
        return pixels
    kernel = -amount * _BLUR
    kernel[1, 1] += 1 + amount
    return np.asarray(cv2.filter2D(pixels, -1, kernel), np.uint8)
