"""What can be measured of a face that tells how far a judgement on it can be trusted."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.blocks import blockiness
from service.faces.crop import Box, Quality, enlargement_of
from service.faces.shake import is_shaken
from service.faces.surroundings import share_hidden

# Narrower, the network sees more interpolation than face: its crop enlarges the box by 2.4 or more.
SMALL_FACE_PX = 64
# Deviation of the Laplacian in a 256-pixel crop of 1.3 times the face box, measured on 261
# portraits of four sources: 99 % lie above 4.6 (soft small pictures) and half above 8.6;
# blurred by 1 % of the face's width half lie below 3.1, enlarged from 64 pixels below 4.9.
BLURRED_SHARPNESS = 4.0
# Mean grey levels at which eyes and mouth can no longer be told from their surroundings; 98 %
# of the same portraits lie between 65 and 180.
DARK_BRIGHTNESS, BRIGHT_BRIGHTNESS = 40.0, 215.0
# Of 150 small web portraits 99 % lie below 1.45. JPEG of quality 25 lies above 1.7 on faces of
# 160 pixels and more, of quality 15 above 1.6 on any; H.264, which smooths its borders, below.
COMPRESSED_BLOCKINESS = 1.6
# From the front the nose stands half-way between the eyes; at 45 degrees it leaves this range.
PROFILE_NOSE_RANGE = (0.12, 0.88)
# Share of the face box outside the frame from which an eye or the mouth may be missing.
CUT_OFF_SHARE = 0.05
# The network compares a face with what is around it. In pictures cut to 1.15 times a face's box
# half of them lack more than this of their crop, cut to 1.1 times nearly all. Of 46 fakes that were
# found whole, 16 were found cut to 1.1 times, 36 cut to 1.2 times. Of 92 real faces cut closely and
# shown round on white, 54 were called `manipulated`: what is even up to the edge shows nothing.
TIGHT_SHARE = 0.42
# Boxes are tight: where more of one lies within that of a larger face, who stands in front hides
# a part of the face, and with an edge that looks like that of a face pasted in.
COVERED_SHARE = 0.05


def measure(
    crop: NDArray[np.uint8],
    box: Box,
    landmarks: tuple[tuple[float, float], ...],
    frame: NDArray[np.uint8],
    *,
    others: Iterable[Box] = (),
    crop_to_frame: NDArray[np.float64] | None = None,
) -> Quality:
    """Measure one face.

    crop: uint8 RGB, the picture the network sees, but for its sharpening.
    box, landmarks: in frame pixels; landmarks may be empty.
    frame: uint8 RGB, the frame as it was decoded.
    others: boxes of the faces in the same frame, this one's may be among them.
    crop_to_frame: where the crop lies in the frame; None for a crop that is all there is.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
    # Whole numbers: 16 bits hold them exactly, at a third of the time.
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    sharpness = float(deviation[0, 0])
    brightness = cv2.mean(grey)[0]
    blocks = blockiness(frame, box)
    frame_size = (frame.shape[1], frame.shape[0])
    enlargement = 1.0 if crop_to_frame is None else enlargement_of(crop_to_frame)
    checks = {
        "small_face": box.width < SMALL_FACE_PX,
        "blurred": sharpness < BLURRED_SHARPNESS,
        "shaken": is_shaken(grey, sharpness, enlargement),
        "dark": brightness < DARK_BRIGHTNESS,
        "overexposed": brightness > BRIGHT_BRIGHTNESS,
        "compressed": blocks > COMPRESSED_BLOCKINESS,
        "profile": _is_profile(landmarks),
        "cut_off": _share_outside(box, frame_size) > CUT_OFF_SHARE,
        "tight": share_hidden(grey, crop_to_frame, frame_size, TIGHT_SHARE) > TIGHT_SHARE,
        "covered": any(_share_covered(box, other) > COVERED_SHARE for other in others),
    }
    return Quality(
        width_px=round(box.width),
        sharpness=sharpness,
        brightness=brightness,
        blockiness=blocks,
        warnings=tuple(code for code, applies in checks.items() if applies),
    )


def _is_profile(landmarks: tuple[tuple[float, float], ...]) -> bool:
    if not landmarks:
        return False
    left, right, nose = (np.array(point) for point in landmarks[:3])
    between = right - left
    length = float(between @ between)
    if length == 0:
        return True
    share = float((nose - left) @ between) / length
    return not PROFILE_NOSE_RANGE[0] <= share <= PROFILE_NOSE_RANGE[1]


def _share_outside(box: Box, frame_size: tuple[int, int]) -> float:
    return 1.0 - _share_within(box, Box(0.0, 0.0, *frame_size))


def _share_covered(box: Box, other: Box) -> float:
    """Share of a box in another, if that is the larger one: it is nearer to the camera."""
    larger = other.width * other.height > box.width * box.height
    return _share_within(box, other) if larger else 0.0


def _share_within(box: Box, other: Box) -> float:
    return box.shared(other) / (box.width * box.height)
