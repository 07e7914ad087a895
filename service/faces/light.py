"""How light a picture is: where little light is, nothing differs by much."""

import cv2
import numpy as np
from numpy.typing import NDArray

_USUAL_BRIGHTNESS = 110.0


def light_of(grey: NDArray[np.uint8] | NDArray[np.float32]) -> float:
    """Mean grey level of (H, W), from 0 to 255, as a share of the usual one, at most 1.

    Limits in grey levels that were measured on pictures of the usual brightness hold for dim ones
    in proportion.
    """
    return min(1.0, cv2.mean(grey)[0] / _USUAL_BRIGHTNESS)
