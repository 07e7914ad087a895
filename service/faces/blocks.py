"""The traces of block compression."""

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box

# JPEG transforms blocks of 8 x 8 pixels (ITU-T T.81, A.1.1).
_BLOCK = 8
# On fewer blocks the largest of eight means is large by chance.
_MOST_SIDE, _LEAST_SIDE = 256, 6 * _BLOCK
_EACH_COLUMN, _EACH_ROW = 0, 1


def blockiness(frame: NDArray[np.uint8], box: Box) -> float:
    """How much larger the steps between blocks are than those inside, in the middle of a box.

    frame: uint8 RGB (H, W, 3), not resized since it was decoded: resizing hides the blocks.
    1.0 for what is too small to tell. After Wang, Bovik and Evans, "Blind measurement of
    blocking artifacts in images" (ICIP 2000), but in the pixels, and wherever the blocks begin:
    a picture may have been cut or turned since it was compressed.
    """
    width, height = min(box.width, _MOST_SIDE), min(box.height, _MOST_SIDE)
    left, top = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    window = frame[
        max(round(top), 0) : max(round(top + height), 0),
        max(round(left), 0) : max(round(left + width), 0),
    ]
    if min(window.shape[:2]) < _LEAST_SIDE:
        return 1.0
    grey = cv2.cvtColor(window, cv2.COLOR_RGB2GRAY)
    down = _means(cv2.absdiff(grey[1:], grey[:-1]), _EACH_ROW)
    across = _means(cv2.absdiff(grey[:, 1:], grey[:, :-1]), _EACH_COLUMN)
    borders, insides = np.sum([_borders_and_insides(down), _borders_and_insides(across)], 0)
    return float(borders / insides) if insides else 1.0


def _means(steps: cv2.typing.MatLike, each: int) -> NDArray[np.float64]:
    means = cv2.reduce(steps, each, cv2.REDUCE_AVG, dtype=cv2.CV_64F)
    return np.asarray(means, np.float64).reshape(-1)


def _borders_and_insides(steps: NDArray[np.float64]) -> tuple[float, float]:
    """The mean step at the likeliest block borders, and the mean step elsewhere."""
    places = np.arange(len(steps)) % _BLOCK
    phases = np.bincount(places, steps) / np.bincount(places)
    return phases.max(), (phases.sum() - phases.max()) / (_BLOCK - 1)
