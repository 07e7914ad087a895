"""What can be read off a crop without any detector.

Where one of these numbers alone tells fakes from reals, so may a detector that learned nothing
else, and what it reaches on such data says little about others (Geirhos et al., Shortcut learning
in deep neural networks, Nature Machine Intelligence 2020).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MIDDLE = 0.25, 0.75


@dataclass(frozen=True, slots=True)
class Surface:
    """Measured of an RGB crop in grey levels, 0 to 255 where nothing else is said.

    sharpness: mean size of the Laplacian in its middle, where the face is; 0 to 1020.
    contrast: standard deviation. brightness: mean. colour: mean distance of the largest channel
    from the smallest.
    """

    sharpness: float
    contrast: float
    brightness: float
    colour: float


def surface_of(crop: NDArray[np.uint8]) -> Surface:
    """Measure a crop, uint8 RGB (S, S, 3)."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    detail = np.abs(cv2.Laplacian(grey, cv2.CV_16S))
    rows, columns = (slice(*(round(share * side) for share in _MIDDLE)) for side in grey.shape)
    return Surface(
        sharpness=float(detail[rows, columns].mean()),
        contrast=float(grey.std()),
        brightness=float(grey.mean()),
        colour=float(np.ptp(crop, axis=2).mean()),
    )
