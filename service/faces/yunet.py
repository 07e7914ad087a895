"""OpenCV's FaceDetectorYN with a YuNet model file given by path."""

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.faces.crop import Box
from service.faces.detection import Detection

# Low, so that the finder sees doubtful faces and can look closer.
_LOWEST_SCORE = 0.3
_MOST_OVERLAP = 0.3
_MOST_CANDIDATES = 500
_SMALLEST_SIDE = 16
_TRIAL_SIZE = (320, 320)


class YuNetDetector:
    """YuNet run by OpenCV; calls are serialised, since the input size is part of its state.

    Raises ConfigurationError where the file is missing or is no YuNet model.
    """

    def __init__(self, path: str) -> None:
        if not Path(path).is_file():
            raise ConfigurationError(f"There is no YuNet model file {path}")
        # What it would print of a file that is none becomes our error's sentence.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            self._net = cv2.FaceDetectorYN.create(
                path, "", _TRIAL_SIZE, _LOWEST_SCORE, _MOST_OVERLAP, _MOST_CANDIDATES
            )
            # What is no YuNet model is only found out when it runs.
            self._net.detect(np.zeros((*_TRIAL_SIZE, 3), np.uint8))
        except cv2.error as error:
            raise ConfigurationError(f"The file {path} is no YuNet model") from error
        self._lock = threading.Lock()

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """Find faces in a uint8 RGB (H, W, 3) picture; boxes in its pixels."""
        height, width = rgb.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return []
        with self._lock:
            self._net.setInputSize((width, height))
            _, rows = self._net.detect(np.ascontiguousarray(rgb[:, :, ::-1]))
        return [] if rows is None else [_detection(row) for row in rows.tolist()]


def _detection(row: list[float]) -> Detection:
    # YuNet names sides by the person's own right and left, which is left to right in a picture.
    x, y, width, height, *points, score = row
    landmarks = tuple(zip(points[::2], points[1::2], strict=True))
    return Detection(Box(x, y, width, height), landmarks, min(max(score, 0.0), 1.0))
