"""OpenCV's reader of containers, made to read from memory and to read on."""

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import MediaCorruptError

# One decoding thread: more would multiply the frames held, and workers are the parallelism.
_OPEN_PARAMETERS = (cv2.CAP_PROP_N_THREADS, 1)
# OpenCV gives up at a broken packet, and after 4,096 packets of sound (ten seconds at the least):
# only when that many attempts in a row find nothing does nothing follow.
_ATTEMPTS = 128
# Anamorphic film has 2:1; what goes far beyond is nonsense, or meant to do harm.
_LONGEST_PIXEL = 4.0


def open_capture(stream: io.BytesIO) -> cv2.VideoCapture:
    """Open a container. MediaCorruptError where it holds no video.

    The caller holds the stream for longer than the capture and never releases the capture by
    hand: OpenCV 4.14 lets go of its stream without the interpreter's lock, and the process dies
    if that was the last hold.
    """
    # OpenCV's type stubs know the stream only by its C++ name.
    source: Any = stream
    try:
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, _OPEN_PARAMETERS)
    except cv2.error as error:
        raise MediaCorruptError("The clip cannot be opened") from error
    if not capture.isOpened():
        raise MediaCorruptError("The clip cannot be opened: it holds no video, or ends early")
    return capture


def grab(capture: cv2.VideoCapture) -> bool:
    """Go on to the next frame that can be read; False at the end."""
    return any(capture.grab() for _ in range(_ATTEMPTS))


@dataclass(frozen=True, slots=True)
class Stretch:
    """By how much upright frames must be enlarged until their pixels are square, as shown."""

    across: float
    down: float

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame, uint8 (H, W, 3), with square pixels."""
        if self.across == self.down:
            return pixels
        size = self.size(pixels.shape[1], pixels.shape[0])
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a frame with square pixels."""
        return round(width * self.across), round(height * self.down)


def read_stretch(capture: cv2.VideoCapture) -> Stretch:
    """What the file says of the shape of its pixels; they are square where that makes no sense."""
    across = capture.get(cv2.CAP_PROP_SAR_NUM)
    down = capture.get(cv2.CAP_PROP_SAR_DEN)
    if not (across > 0 and down > 0 and 1 / _LONGEST_PIXEL <= across / down <= _LONGEST_PIXEL):
        return Stretch(1.0, 1.0)
    # What is said holds for frames as they are stored, not as they are turned upright.
    if capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180:
        across, down = down, across
    least = min(across, down)  # nothing is shrunk: faces would lose what they are judged by
    return Stretch(across / least, down / least)
