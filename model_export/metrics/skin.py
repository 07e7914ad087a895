"""Skin tone as a picture shows it, so that errors can be compared between tones."""

import cv2
import numpy as np
from numpy.typing import NDArray

LIGHT, MEDIUM, DARK, UNMEASURED = "light", "medium", "dark", "unmeasured"
TONES = (LIGHT, MEDIUM, DARK, UNMEASURED)
_LIGHT_FROM, _MEDIUM_FROM = 41.0, 10.0
_LEAST_CHROMA = 4.0
# Cheeks and nose of a centred face: between the eyes' height and the upper lip's.
_ROWS, _COLUMNS = (0.45, 0.62), (0.36, 0.64)


def typology_angle(crop: NDArray[np.uint8]) -> float | None:
    """The individual typology angle of a face, degrees; None where the picture has no colour.

    crop: uint8 RGB (S, S, 3), the face in its middle. arctan((L* - 50) / b*) of the median pixel
    of cheeks and nose (Chardon et al., Int. J. Cosmetic Science 1991). It is what the camera and
    the light made of the skin: a measure of pictures, not of people.
    """
    side = crop.shape[0]
    rows, columns = (slice(*(round(side * v) for v in span)) for span in (_ROWS, _COLUMNS))
    lab = cv2.cvtColor(crop[rows, columns].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness, red, yellow = np.median(lab.reshape(-1, 3), axis=0)
    if np.hypot(red, yellow) < _LEAST_CHROMA:
        return None
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))


def skin_tone(crop: NDArray[np.uint8]) -> str:
    """One of TONES: light above 41 degrees, dark up to 10, medium between.

    The bounds are those between the classes light and intermediate, and tan and brown (Del Bino
    and Bernerd, Br. J. Dermatology 2013); the six classes would be too few pictures each.
    """
    angle = typology_angle(crop)
    if angle is None:
        return UNMEASURED
    if angle > _LIGHT_FROM:
        return LIGHT
    return MEDIUM if angle > _MEDIUM_FROM else DARK
