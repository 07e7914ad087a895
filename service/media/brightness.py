"""Frames in PQ as a display of standard range shows them.

PQ is the curve of SMPTE ST 2084, in ITU-R BT.2100: code values stand for light in cd/m2. Read as
if they were sRGB, such frames are dark and washed out.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

# ITU-T H.273, as FFmpeg numbers them.
UNSPECIFIED = 2
PQ = 16
BT_2020 = 9
# cd/m2: ITU-R BT.2408, reference white of HDR; and the most that PQ states.
_WHITE = 203.0
_PEAK = 10_000.0
# SMPTE ST 2084, section 5.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# Linear light of BT.2020 in the primaries of BT.709, as ITU-R BT.2407 has it.
_TO_709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
# Steps of light up to white, and how far above white it is told before primaries are changed.
_STEPS = 4095
_HEADROOM = 4.0
_BAND_ROWS = 64


def standard(pixels: NDArray[np.uint16], primaries: int) -> NDArray[np.uint8]:
    """uint8 sRGB (H, W, 3) of RGB in PQ, uint16 (H, W, 3) of full range; white is 203 cd/m2.

    What is brighter than white is white. primaries: as H.273 numbers them; those of BT.2020 are
    brought to BT.709's, all others are left.
    """
    shown = np.empty(pixels.shape, np.uint8)
    light_of, code_of = _light(), _code()
    # In bands: floats of a whole frame would take 12 bytes a pixel.
    for top in range(0, len(pixels), _BAND_ROWS):
        light = light_of[pixels[top : top + _BAND_ROWS]]
        if primaries == BT_2020:
            light = np.asarray(cv2.transform(light, np.array(_TO_709, np.float32)), np.float32)
        steps = np.clip(light, 0, _STEPS).astype(np.uint16)
        shown[top : top + _BAND_ROWS] = code_of[steps]
    return shown


@cache
def _light() -> NDArray[np.float32]:
    """float32 (65536,): light of each code value in steps, `_STEPS` at white (ST 2084's EOTF)."""
    root = (np.arange(65536) / 65535) ** (1 / _M2)
    nits = _PEAK * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)
    light = (np.minimum(nits / _WHITE, _HEADROOM) * _STEPS).astype(np.float32)
    light.setflags(write=False)
    return light


@cache
def _code() -> NDArray[np.uint8]:
    """uint8 (_STEPS + 1,): code value of each step of light (IEC 61966-2-1)."""
    light = np.arange(_STEPS + 1) / _STEPS
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    shown = np.round(255 * code).astype(np.uint8)
    shown.setflags(write=False)
    return shown
