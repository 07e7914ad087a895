"""Frames of a clip by their index, whatever its file is called."""

import io
from collections.abc import Collection, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.capture import open_capture


def frame_count(path: Path) -> int:
    """How many frames a clip says it has. Raises ValueError when that is none, OSError."""
    stream = io.BytesIO(path.read_bytes())
    capture = _open(stream, path)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    # In this order: see `open_capture`.
    del capture, stream
    if count <= 0:
        raise ValueError(f"no frame of {path} can be read")
    return count


def frames_at(path: Path, indices: Collection[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(index, uint8 BGR (H, W, 3)) of the wanted frames, rising, without those that cannot be read.

    Raises ValueError when the file holds no video, OSError when it cannot be read.
    """
    stream = io.BytesIO(path.read_bytes())
    capture = _open(stream, path)
    try:
        for index in range(max(indices, default=-1) + 1):
            if not capture.grab():
                break
            if index in indices:
                good, frame = capture.retrieve()
                if good:
                    yield index, np.asarray(frame, np.uint8)
    finally:
        # In this order: see `open_capture`.
        del capture, stream


def _open(stream: io.BytesIO, path: Path) -> cv2.VideoCapture:
    try:
        return open_capture(stream)
    except MediaCorruptError as error:
        raise ValueError(f"no frame of {path} can be read") from error
