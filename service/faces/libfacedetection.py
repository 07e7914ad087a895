"""The network of Shiqi Yu's libfacedetection, run by ONNX Runtime."""

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.faces.crop import Box
from service.faces.detection import Detection
from service.runtime import Runtime

MODEL = Path(__file__).parents[1] / "weights" / "faces.onnx"
"""Made by `unmask-model export-detector` from the library's weights."""

STRIDES = (8, 16, 32)
"""Pixels of the picture that a cell of each of the network's three maps stands for."""

# The network halves its features five times.
_MULTIPLE = 32
_SMALLEST_SIDE = 16
# Low, so that the finder sees doubtful faces and can look closer.
_LOWEST_SCORE = 0.3
# A score is the root of two chances, and no chance is above 1.
_LEAST_LOGIT = math.log(_LOWEST_SCORE**2 / (1 - _LOWEST_SCORE**2))
_MOST_OVERLAP = 0.3
_MOST_CANDIDATES = 1000
_MOST_LOGIT = 10.0


class LibFaceDetector:
    """Finds faces with five landmarks each; may be called from several threads.

    Raises ConfigurationError where ONNX Runtime or the file is missing.
    """

    def __init__(self, model: Path = MODEL) -> None:
        try:
            content = model.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"The face detector's file {model} cannot be read") from error
        self._session = Runtime().open(content, ["CPUExecutionProvider"], threads=1)

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        """Find faces in a uint8 RGB (H, W, 3) picture; boxes in its pixels.

        Raises MemoryError.
        """
        height, width = rgb.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return []
        below, beside = -height % _MULTIPLE, -width % _MULTIPLE
        padded = cv2.copyMakeBorder(rgb, 0, below, 0, beside, cv2.BORDER_CONSTANT)
        try:
            maps = self._session.run(None, {"image": padded})
        except Exception as error:
            # ONNX Runtime has no type of its own for it, and a picture of a size it accepts
            # leaves nothing else to fail.
            raise MemoryError from error
        likely = [_likely(*each) for each in zip(maps, STRIDES, strict=True)]
        found = _candidates(np.concatenate(likely, axis=1))
        kept = cv2.dnn.NMSBoxes(
            found[:, 1:5].tolist(),
            found[:, 0].tolist(),
            _LOWEST_SCORE,
            _MOST_OVERLAP,
            top_k=_MOST_CANDIDATES,
        )
        return list(_detections(found[np.asarray(kept, np.intp)]))


def _likely(cells: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
    """What there is to know of each likely cell, float64 (19, N).

    cells: (16, rows, columns): logits of class and object, box, five points (see YuNet: Wu et
    al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023).
    They come first; then column, row and stride.
    """
    # Almost no cell is likely: only those are worked out where either factor alone allows it.
    rows, columns = np.nonzero((cells[0] >= _LEAST_LOGIT) & (cells[1] >= _LEAST_LOGIT))
    return np.vstack((cells[:, rows, columns], columns, rows, np.full(len(rows), stride)))


def _candidates(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score, box and landmarks of the cells that may be faces, float64 (N, 15)."""
    centre_x, centre_y, width, height, *points, column, row, stride = likely[2:]
    chances = 1 / (1 + np.exp(-np.minimum(likely[:2], 30)))
    scores = np.sqrt(chances[0] * chances[1])
    # Nothing is larger than the picture; what a hostile one makes of the logits may be.
    width, height = np.exp(np.minimum((width, height), _MOST_LOGIT))
    box = (column + centre_x - width / 2, row + centre_y - height / 2, width, height)
    xs, ys = (column + points[::2], row + points[1::2])
    placed = np.stack((xs, ys), 1).reshape(len(points), -1)
    found = np.vstack((scores, stride * np.vstack((box, placed)))).T
    return np.asarray(found[scores >= _LOWEST_SCORE])


def _detections(rows: NDArray[np.float64]) -> Iterator[Detection]:
    for score, x, y, width, height, *points in rows.tolist():
        landmarks = tuple(zip(points[::2], points[1::2], strict=True))
        yield Detection(Box(x, y, width, height), landmarks, score)
