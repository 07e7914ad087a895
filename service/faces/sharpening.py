"""Unsharp masking: fine detail that enlarging a face has blurred, put forward again."""

import cv2
import numpy as np
from numpy.typing import NDArray

UNSEEN = 0.9
"""Enlargement up to which nothing is done: crops shrunk further are crisp already."""
MOST = 2.5
"""Largest amount."""
# Of what was enlarged further a pixel's neighbours tell little but grain and the blocks of codecs.
_FALLS_FROM, FALLS_TO, LEAST_LIMIT = 1.3, 1.8, 1.5
_BLUR = np.outer((1, 2, 1), (1, 2, 1)) / 16


def amount_at(strength: float, enlargement: float) -> float:
    """How much of its detail is added to a crop once more, 0 to MOST.

    strength: amount for each unit of enlargement above UNSEEN, up to a limit: MOST, and from an
    enlargement of 1.3 to one of 1.8 falling to 1.5. enlargement: side of the crop over the side
    of what it shows in the frame, both in pixels.
    """
    limit = np.interp(enlargement, (_FALLS_FROM, FALLS_TO), (MOST, LEAST_LIMIT))
    return min(float(limit), strength * max(0.0, enlargement - UNSEEN))


def sharpened(pixels: NDArray[np.uint8], amount: float) -> NDArray[np.uint8]:
    """x + amount (x - blurred x), blurred by the 3 x 3 binomial kernel; uint8 (H, W, 3).

    Whatever is evenly coloured stays as it is; without an amount the picture itself is returned.
    """
    if amount <= 0:
        return pixels
    kernel = -amount * _BLUR
    kernel[1, 1] += 1 + amount
    return np.asarray(cv2.filter2D(pixels, -1, kernel), np.uint8)
