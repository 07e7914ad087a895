"""Where a disk is full it is said which file was not written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.evaluation.plots import write_plots
from model_export.export import write_described
from tests.model_export.colour_model import write_colour_model
from tests.model_export.evaluation.rows import row
from tests.model_export.labelled import save, write_faceforensics, write_folders

RECORD = 4_000
"""Bytes: more than settings have, less than a report, a crop or a network."""


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file can be larger, in processes that are started meanwhile, too: as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_evaluate_names_it(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_colour_model(tmp_path / "colour.onnx")
    data, out = write_folders(tmp_path / "data", astronaut, 1), tmp_path / "out"
    with files_of_at_most(RECORD):
        assert main(["evaluate", str(model), str(data), "--frames", "1", "-o", str(out)]) == 1
    told = f"unmask-model evaluate: cannot write {out / 'report.json'}: File too large\n"
    assert capsys.readouterr().err.endswith(told)


def test_a_plot_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    rows = [row(1.0, "Deepfakes", "a"), row(-1.0, None, "b")]
    told = rf"^cannot write {tmp_path / 'roc.png'}: "
    with files_of_at_most(RECORD), pytest.raises(OSError, match=told):
        write_plots(rows, {"Deepfakes": {"deepfakes": 1}}, tmp_path)


def test_prepare_names_them(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = write_faceforensics(tmp_path / "ff", astronaut, ("FaceSwap",)), tmp_path / "out"
    words = ["prepare", str(root), "-o", str(out), "--frames", "1", "--workers", "1"]
    with files_of_at_most(RECORD):
        assert main(words) == 1
    told = capsys.readouterr().out
    assert f"FaceSwap_000_001: cannot write {out}/train/fake/FaceSwap/000_001/" in told


def test_prepare_faces_names_it(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "face.png", astronaut)
    with files_of_at_most(0):
        assert main(["prepare-faces", str(tmp_path)]) == 1
    assert f"cannot write {tmp_path / 'landmarks.npz'}: File too large" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]


def test_a_model_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    graph, out = onnx.load(write_colour_model(tmp_path / "colour.onnx")), tmp_path / "out.onnx"
    told = f"^cannot write {out}: File too large$"
    with files_of_at_most(100), pytest.raises(OSError, match=told):
        write_described(graph, out, {})
    assert not out.exists()
