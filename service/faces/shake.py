"""Whether a face moved, or the camera, while its picture was taken."""

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.light import light_of

# Of 61 real faces blurred in one direction by 5 % of their width, 17 were called `manipulated`: all
# lie above this, at a sharpness of at most 9.2. Of 132 pictures as they are none does, as H.264 at
# CRF 32 one.
SHAKEN_RATIO = 3.0
# Sharper ones need no looking at: who moved is not sharp. In dim pictures everything is softer.
_SHARP = 10.0
# In crops enlarged by more the codec's blocks and the enlargement look like motion: of 102 still
# portraits of 240 pixels at CRF 28 nine did.
_MOST_ENLARGED = 1.5
_COARSE_PX = 7


def is_shaken(grey: NDArray[np.uint8], sharpness: float, enlargement: float) -> bool:
    """Whether fine detail runs in one direction: motion leaves only what lies along it.

    Measured by the eigenvalues of the structure tensor (Bigun and Granlund 1987) of what is finer
    than a few pixels: how many times more of it changes across one direction than along it.
    grey: uint8 (S, S), the crop before it is sharpened. sharpness: as in `Quality`. enlargement: of
    the crop, see `enlargement_of`.
    """
    if enlargement > _MOST_ENLARGED or sharpness >= _SHARP * light_of(grey):
        return False
    fine = cv2.subtract(grey, cv2.blur(grey, (_COARSE_PX, _COARSE_PX)), dtype=cv2.CV_16S)
    across = cv2.Sobel(fine, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(fine, cv2.CV_16S, 0, 1)
    xx, yy = cv2.norm(across) ** 2, cv2.norm(down) ** 2
    xy = (cv2.norm(cv2.add(across, down)) ** 2 - xx - yy) / 2
    least, most = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    return bool(most > SHAKEN_RATIO * least)
