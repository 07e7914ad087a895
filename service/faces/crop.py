"""A face as the network sees it, and the one rule that cuts it out of a frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from service.faces.pyramid import Pyramid
from service.faces.sharpening import amount_at, sharpened

_ON_ITS_SIDE = 60.0
"""Degrees. From here on either side of a box may be the face's height: it is the longer one."""


@dataclass(frozen=True, slots=True)
class Box:
    """A face box in frame pixels; may reach over the frame's edge."""

    x: float
    y: float
    width: float
    height: float

    def shared(self, other: "Box") -> float:
        """The area that lies in another box as well, in square pixels."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured quality of a face.

    width_px: width of the face box in frame pixels.
    sharpness: standard deviation of the Laplacian of the grey crop, grey levels.
    brightness: mean grey level of the crop, 0 to 255.
    blockiness: steps between 8 x 8 blocks over steps inside them; 1.0 to 1.4 without blocks.
    warnings: stable codes such as "small_face", "blurred", "dark", "compressed".
    """

    width_px: int
    sharpness: float
    brightness: float
    blockiness: float = 1.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """One face in one frame, ready for the network.

    track: identifies one face through a clip, from 0.
    person: whom it shows, from 0; several tracks of a clip may be of one, see `People`.
    detection_score: the detector's score, 0 to 1.
    crop_to_frame: float64 (2, 3); maps homogeneous crop pixel coordinates to frame pixels.
    pixels: uint8 RGB, shape (size, size, 3).
    in_key_frame: whether the frame is known to be stored by itself, not predicted from others.
    crowded_out: how many more frames like those in which its track is kept would show it, where
        there was no room for it: a share of the time, see `Room`.
    """

    frame_index: int
    time_s: float
    box: Box
    track: int
    person: int
    detection_score: float
    crop_to_frame: NDArray[np.float64]
    quality: Quality
    pixels: NDArray[np.uint8]
    in_key_frame: bool = True
    crowded_out: int = 0

    @property
    def roll(self) -> float:
        """Degrees by which the crop was turned; see `cut_square`."""
        return float(np.degrees(np.arctan2(self.crop_to_frame[1, 0], self.crop_to_frame[0, 0])))


@dataclass(frozen=True, slots=True)
class CropRule:
    """Which square around a face the network was trained on; read from the model's metadata.

    The square is centred on the face box, turned as the head is (see `Detection.roll`), and its
    side is `scale` times the box's height (its longer side, where the face lies). The paper
    cuts 1.3 times the height of the manipulated region. Aligned generators repaint a square that
    1.1 times the detector's box just covers: the crop must show what is around it.
    sharpening: how much crops are sharpened that were enlarged, or shrunk by little, see
    `amount_at`. What generators leave out is fine detail, and small faces hold little of it.
    """

    scale: float = 1.3
    size: int = 256
    sharpening: float = 0.0


def cut_square(
    pixels: NDArray[np.uint8], box: Box, rule: CropRule, roll: float = 0.0
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Cut the rule's square out of a picture.

    pixels: uint8 (H, W, C). Where the square reaches over the edge the picture is mirrored:
    a constant border would put an edge of its own into the crop.
    roll: degrees, clockwise as the picture is seen, by which the square is turned about the
        middle of the box: that of a tilted head gives an upright crop.
    Returns the crop, uint8 (size, size, C), and crop_to_frame, float64 (2, 3).
    Raises ValueError where the box lies outside of the picture.
    """
    side = _side(rule, box, roll)
    if roll:
        return _cut_turned(pixels, box, rule, side, roll)
    left = round(box.x + box.width / 2 - side / 2)
    top = round(box.y + box.height / 2 - side / 2)
    inner = _mirrored(pixels, left, top, side)
    if side < rule.size:
        # Linear interpolation would blur away the fine traces that the network looks for.
        size = (rule.size, rule.size)
        crop = np.asarray(cv2.resize(inner, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    else:
        # Up to a factor of two, linear interpolation sees every pixel, in a fraction of the time
        # that OpenCV takes to average them; the pyramid halves before where it is more.
        crop = Pyramid(inner).at(rule.size / side, cv2.INTER_LINEAR)
    step = side / rule.size
    shift = step / 2 - 0.5
    crop_to_frame = np.array([[step, 0.0, left + shift], [0.0, step, top + shift]])
    return np.ascontiguousarray(crop, dtype=np.uint8), crop_to_frame


def sharpen_crop(
    crop: NDArray[np.uint8], crop_to_frame: NDArray[np.float64], rule: CropRule
) -> NDArray[np.uint8]:
    """The crop as the network is to see it: sharpened as the rule says for its enlargement.

    crop, crop_to_frame: what `cut_square` gave.
    """
    return sharpened(crop, sharpening_of(crop_to_frame, rule))


def sharpening_of(crop_to_frame: NDArray[np.float64], rule: CropRule) -> float:
    """The amount for `sharpened` that the rule asks for a crop's enlargement."""
    return amount_at(rule.sharpening, enlargement_of(crop_to_frame))


def enlargement_of(crop_to_frame: NDArray[np.float64]) -> float:
    """Side of the crop over the side of what it shows in the frame; below 1 for large faces."""
    return 1 / float(np.hypot(crop_to_frame[0, 0], crop_to_frame[1, 0]))


def _side(rule: CropRule, box: Box, roll: float) -> int:
    """Side of the square in frame pixels, one that can be halved as often as is needed."""
    lies = _ON_ITS_SIDE < abs(roll) < 180 - _ON_ITS_SIDE
    height = max(box.width, box.height) if lies else box.height
    side = max(2, round(rule.scale * height))
    halves = int(2 ** max(0, int(np.log2(side / rule.size))))
    return halves * round(side / halves)


def _mirrored(pixels: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    """A square of a picture, mirrored at its edges."""
    height, width = pixels.shape[:2]
    right, bottom = left + side, top + side
    inner = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if inner.shape[:2] == (side, side):
        return inner
    if inner.size == 0:
        raise ValueError("the face box lies outside the picture")
    padded = cv2.copyMakeBorder(
        inner,
        max(-top, 0),
        max(bottom - height, 0),
        max(-left, 0),
        max(right - width, 0),
        cv2.BORDER_REFLECT if min(inner.shape[:2]) < side / 2 else cv2.BORDER_REFLECT_101,
    )
    return np.asarray(padded, dtype=np.uint8)


def _cut_turned(
    pixels: NDArray[np.uint8], box: Box, rule: CropRule, side: int, roll: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([box.x + box.width / 2, box.y + box.height / 2]) - 0.5
    to_frame = side / rule.size * turn
    middle = np.full(2, (rule.size - 1) / 2)
    crop_to_frame = np.c_[to_frame, centre - to_frame @ middle]
    # An upright window about the turned square, shrunk as the crop is: turning it is one
    # interpolation more, and turned crops must not be sharper than others.
    shrink = max(1.0, side / rule.size)
    room = int(np.ceil(side / shrink * np.abs(turn[0]).sum()))
    window, window_to_frame = cut_square(pixels, box, CropRule(room * shrink / box.height, room))
    crop_to_window = crop_to_frame - np.c_[np.zeros((2, 2)), window_to_frame[:, 2]]
    crop = cv2.warpAffine(
        window,
        crop_to_window / window_to_frame[0, 0],
        (rule.size, rule.size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(crop, np.uint8), np.asarray(crop_to_frame, np.float64)
