"""OpenCV's reader of containers, made to read from memory and to read on."""

import io
from typing import Any

import cv2

from service.errors import MediaCorruptError

# One decoding thread: more would multiply the frames held, and workers are the parallelism.
_OPEN_PARAMETERS = (cv2.CAP_PROP_N_THREADS, 1)
# OpenCV gives up at a broken packet, and after 4,096 packets of sound (ten seconds at the least):
# only when that many attempts in a row find nothing does nothing follow.
_ATTEMPTS = 128


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
