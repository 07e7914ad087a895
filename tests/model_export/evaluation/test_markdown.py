"""What people read of an evaluation."""

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


def test_a_fake_is_left_out_for_its_mask_and_it_is_said_why(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(data / "masks/Deepfakes/0.png", np.zeros((8, 9), np.uint8))
    (data / "masks/clip.png").write_bytes(b"no picture")
    files = report_of(data, tmp_path / "out", capsys)
    assert "- unreadable, 2:" in files
    assert "  - fake/Deepfakes/0.png: the mask 0.png is (8, 9), its picture (512, 512)" in files
    assert "  - fake/clip.mp4: clip.png is one picture, but its fake is a clip" in files
    assert "more" not in files


def test_of_many_files_the_first_few_are_told(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        (data / f"real/note{number}.txt").write_text("no picture")
    files = report_of(data, tmp_path / "out", capsys)
    assert "- unreadable, 8:" in files
    assert files.count("  - real/note") == 5
    assert files.endswith("  - and 3 more")
