"""Thresholds that a newer version adds to a model's note stop nothing, as in the service."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_export.agreement import Answers, compare
from model_export.cli import main
from model_export.description import thresholds_of
from model_export.evaluation.intervals import overlap_in_time
from service.inference.model_file import Thresholds, read_model_file
from service.runtime import Runtime
from tests.model_export.colour_model import NOTE, write_colour_model
from tests.model_export.evaluation.rows import row
from tests.model_export.labelled import write_folders

KNOWN: dict[str, Any] = {"manipulated": 0.7, "authentic": 0.3, "mask": 128, "method": 0.5}
NEWER = {"thresholds": KNOWN | {"of_tomorrow": 0.1}}


def test_what_is_known_of_a_newer_note_is_what_the_service_reads(tmp_path: Path) -> None:
    model = write_colour_model(tmp_path / "newer.onnx", **NEWER)
    assert thresholds_of(NOTE | NEWER) == Thresholds(**KNOWN)
    assert thresholds_of(NOTE | NEWER) == read_model_file(model, Runtime()).spec.thresholds


def test_a_newer_model_is_evaluated_as_one_of_now(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    folder = write_folders(tmp_path / "labelled", astronaut, 2)
    figures = []
    for name, note in (("now", {}), ("newer", NEWER)):
        model, out = write_colour_model(tmp_path / f"{name}.onnx", **note), tmp_path / name
        words = ["evaluate", str(model), str(folder), "--threshold-from", str(folder)]
        assert main([*words, "--frames", "1", "-o", str(out)]) == 0
        figures.append(json.loads((out / "report.json").read_text())["figures"])
    assert figures[0] == figures[1]


def test_its_intervals_are_found_and_its_companions_compared() -> None:
    judged = [row(4.0, "deepfakes", "a")]
    assert overlap_in_time(judged, {"a": (0.0, 1.0)}, NEWER) == overlap_in_time(
        judged, {"a": (0.0, 1.0)}, {"thresholds": KNOWN}
    )
    activations = {name: np.zeros(1, np.float32) for name in ("fake_activation", "real_activation")}
    outputs = activations | {"mask": np.zeros((1, 4, 4), np.uint8)}
    answers = Answers(outputs, outputs, NOTE | NEWER)
    assert compare(answers, answers).verdicts == 1.0
