"""A picture at falling sizes, to be looked at from afar and from near."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Of a picture larger than this, one row more or less moves nothing by a pixel of the small ones.
_LARGE_SIDE = 1000


class Pyramid:
    """A uint8 RGB (H, W, 3) picture, its half, the half of that, made when they are asked for.

    Halves are made as long as sides are even, or so large that an odd row may be left out.

    OpenCV halves a picture ten times as fast as it shrinks it by any other factor (4 ms and 40
    for 12 megapixels), so the odd factor is left to the last and smallest step.
    """

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._levels = [rgb]

    def at(self, scale: float, interpolation: int = cv2.INTER_AREA) -> NDArray[np.uint8]:
        """The picture at `scale` times its size; itself where that is 1 or more.

        interpolation: OpenCV's, of the last step, which shrinks to half at most.
        A pixel (x, y) of the result shows what is at (x, y) / scale in the picture.
        """
        if scale >= 1.0:
            return self._levels[0]
        height, width = self._levels[0].shape[:2]
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        level = 0
        while scale * 2 ** (level + 1) <= 1.0 and _halves(*self._level(level).shape[:2]):
            level += 1
        picture = self._level(level)
        if picture.shape[1::-1] == size:
            return picture
        return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)

    def _level(self, number: int) -> NDArray[np.uint8]:
        while number >= len(self._levels):
            last = self._levels[-1]
            height, width = last.shape[0] // 2, last.shape[1] // 2
            even = last[: 2 * height, : 2 * width]
            half = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        return self._levels[number]


def _halves(height: int, width: int) -> bool:
    even = not (height % 2 or width % 2)
    return even or min(height, width) > _LARGE_SIDE
