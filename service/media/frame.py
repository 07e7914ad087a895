"""One decoded picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture of an upload.

    index: position in the upload's own frame order, from 0.
    time_s: presentation time in seconds from the start; 0.0 for a picture.
    until_s: until when it is on screen, as seconds from the start; 0.0 for a picture.
    pixels: uint8 RGB, shape (H, W, 3), orientation already applied.
    key: whether it is known to be stored by itself, not predicted from other frames.
    """

    index: int
    time_s: float
    until_s: float
    pixels: NDArray[np.uint8]
    key: bool = True
