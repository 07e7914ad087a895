"""What people read of an evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.evaluation.markdown import table
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import save, write_folders


def test_a_bar_in_a_name_is_no_column() -> None:
    lines = table(("model|data", "AUC"), [("a|b", "0.5"), ("plain", "0.6")]).splitlines()
    assert lines == [
        r"| model\|data | AUC |",
        r"|-------------|-----|",
        r"| a\|b        | 0.5 |",
        r"| plain       | 0.6 |",
    ]


@pytest.fixture
def data(astronaut: NDArray[np.uint8], tmp_path: Path) -> Path:
    return write_folders(tmp_path / "data", astronaut, 2)


def report_of(data: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is written, which is also what is printed."""
    model = write_colour_model(data.parent / "colour.onnx")
    assert main(["evaluate", str(model), str(data), "--frames", "1", "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    written = (out / "report.md").read_text()
    files = written[written.index("## Files") : written.index("## Plots")].strip()
    assert files in printed
    return files


def test_a_mask_that_cannot_be_used_is_told_of_and_its_fake_is_judged(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(data / "masks/Deepfakes/0.png", np.zeros((8, 9), np.uint8))
    (data / "masks/clip.png").write_bytes(b"no picture")
    files = report_of(data, tmp_path / "out", capsys)
    assert "- masks that cannot be used (their fakes count without one), 2:" in files
    assert "  - fake/Deepfakes/0.png: the mask 0.png is (8, 9), its picture (512, 512)" in files
    assert "  - fake/clip.mp4: clip.png is one picture, but its fake is a clip" in files
    assert "more" not in files
    assert "unreadable" not in files
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert [*report["data"]["files"]["unusable_masks"]] == [
        "fake/Deepfakes/0.png",
        "fake/clip.mp4",
    ]
    assert report["figures"]["crops"]["fakes"] == 3
    assert report["figures"]["segmentation"]["fakes_with_truth"] == 1


def test_of_many_files_the_first_few_are_told(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        (data / f"real/note{number}.txt").write_text("no picture")
    files = report_of(data, tmp_path / "out", capsys)
    assert "- unreadable, 8:" in files
    assert files.count("  - real/note") == 5
    assert files.endswith("  - and 3 more")
