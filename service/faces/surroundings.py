"""How much of what is around a face cannot be seen."""

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.light import light_of

# Grey levels by which a drawn border, coded as JPEG, differs within three pixels of half a crop; in
# dim pictures, where nothing differs by much, so much less.
_EVEN = 3.0
_AROUND = np.ones((3, 3), np.uint8)


def share_hidden(
    grey: NDArray[np.uint8],
    crop_to_frame: NDArray[np.float64] | None,
    frame_size: tuple[int, int],
    enough: float,
) -> float:
    """Share of a crop that shows nothing of what was around the face, 0 to 1.

    Two things count: what lies outside the frame, and so was made up, and what within it is evenly
    coloured from the crop's edge inwards, as a border drawn around a picture that is cut to a face
    is, or what surrounds a round portrait.
    grey: uint8 (S, S), the crop. crop_to_frame: where it lies in the frame; None for a crop that is
        all there is, of which nothing is hidden. frame_size: width and height.
    enough: a share up to which the second is not looked for where even all that is evenly coloured
        would not pass it: what is returned then is the first alone.
    """
    if crop_to_frame is None:
        return 0.0
    outside = _share_outside(grey, crop_to_frame, frame_size)
    smaller = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half = np.asarray(smaller, np.uint8)
    differs = cv2.subtract(cv2.dilate(half, _AROUND), cv2.erode(half, _AROUND))
    even = np.asarray(differs <= _EVEN * light_of(half), np.uint8)
    if outside + float(cv2.dilate(even, _AROUND).mean()) <= enough:
        return outside
    # From beyond the edge, everything that is even as far as it hangs together.
    reached = cv2.copyMakeBorder(even, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1.0,))
    cv2.floodFill(reached, None, (0, 0), (2.0,))
    border = cv2.dilate(np.asarray(reached[1:-1, 1:-1] == 2, np.uint8), _AROUND)
    frame = cv2.transform(_corners(*reversed(frame_size))[None], _to_half(crop_to_frame))
    within = np.zeros(border.shape, np.uint8)
    cv2.fillConvexPoly(within, np.asarray(np.rint(frame[0]), np.int32), (1.0,))
    return outside + float(cv2.bitwise_and(border, within).mean())


def _corners(height: int, width: int) -> NDArray[np.float32]:
    """Of a picture whose pixels' middles are at whole numbers; float32 (4, 2), x and y."""
    right, bottom = width - 0.5, height - 0.5
    return np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)], np.float32)


def _share_outside(
    grey: NDArray[np.uint8], crop_to_frame: NDArray[np.float64], frame_size: tuple[int, int]
) -> float:
    square = _corners(*grey.shape)
    placed = cv2.transform(square[None], crop_to_frame)[0].astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(placed, _corners(*reversed(frame_size)))
    return float(1.0 - shared / cv2.contourArea(placed))


def _to_half(crop_to_frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the frame to a crop of half the size."""
    to_crop = cv2.invertAffineTransform(crop_to_frame)
    half = to_crop / 2
    half[:, 2] -= 0.25
    return np.asarray(half, np.float64)
