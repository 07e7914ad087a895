"""The shape of a mask, and the method it speaks for where the model names none."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SMALLEST_AREA = 0.01
_LARGE_HOLES = 0.02
_RECTANGULAR = 0.9
_CONVEX = 0.95
_FEW_CORNERS = 8


@dataclass(frozen=True, slots=True)
class MaskShape:
    """Measures of the largest region of a mask, all shares from 0 to 1 but `corners`.

    area: of the region with its holes, of the whole mask.
    rectangularity: region area / area of its smallest rotated rectangle.
    solidity: region area / area of its convex hull.
    holes: area of the holes / region area.
    corners: vertices of the outline once bends below 2 % of its length are straightened.
    """

    area: float
    rectangularity: float
    solidity: float
    holes: float
    corners: int


def measure_shape(mask: NDArray[np.uint8]) -> MaskShape | None:
    """Measure a mask, uint8 (H, W), 0 or 255; None when it is black."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outer = [i for i in range(len(contours)) if hierarchy[0][i][3] < 0]
    if not outer:
        return None
    chosen = max(outer, key=lambda i: cv2.contourArea(contours[i]))
    outline = contours[chosen]
    area = cv2.contourArea(outline)
    if area == 0:
        return None
    holes = sum(
        cv2.contourArea(contours[i]) for i in range(len(contours)) if hierarchy[0][i][3] == chosen
    )
    (_, (width, height), _) = cv2.minAreaRect(outline)
    corners = cv2.approxPolyDP(outline, 0.02 * cv2.arcLength(outline, True), True)
    return MaskShape(
        area=area / mask.size,
        rectangularity=min(1.0, area / max(width * height, 1.0)),
        solidity=min(1.0, area / max(cv2.contourArea(cv2.convexHull(outline)), 1.0)),
        holes=holes / area,
        corners=len(corners),
    )


def method_of_shape(mask: NDArray[np.uint8]) -> str:
    """The method a mask's shape speaks for, or "unknown".

    As the seed paper's authors read their masks: Face2Face leaves out eyes and mouth (holes),
    Deepfakes pastes a rectangle, FaceSwap a polygon between landmarks.
    """
    shape = measure_shape(mask)
    if shape is None or shape.area < _SMALLEST_AREA:
        return "unknown"
    if shape.holes >= _LARGE_HOLES:
        return "face2face"
    if shape.rectangularity >= _RECTANGULAR and shape.corners <= 5:
        return "deepfakes"
    if shape.solidity >= _CONVEX and 3 <= shape.corners < _FEW_CORNERS:
        return "faceswap"
    return "unknown"
