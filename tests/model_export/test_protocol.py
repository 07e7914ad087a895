"""The paper's table is trained, measured and written, and goes on where it was cut."""

import json
from pathlib import Path

import pytest

from model_export.cli import main
from model_export.data.faces import FaceIndex
from tests.model_export.labelled import write_people

ROWS = [
    "seen, matching",
    "seen, mismatching compression",
    "unseen: faceswap",
    "faceswap, fine-tuned on 4 pairs",
]


def test_every_cell_of_the_table_is_measured(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people, out = write_people(tmp_path / "people", faces, 80), tmp_path / "out"
    command = ["protocol", str(people), "-o", str(out), "--preset", "paper"]
    sizes = ["--pictures", "32", "--validation-pairs", "4", "--test-pairs", "6"]
    tuning = ["--tuning-pairs", "4", "--tuning-epochs", "1", "--workers", "0"]
    command += [*sizes, *tuning, "--unseen", "faceswap"]
    assert main(command) == 0
    cells = json.loads((out / "cells.json").read_text())
    assert [*cells["paper"]] == ROWS
    for cell in cells["paper"].values():
        assert set(cell) == {"eer", "pixel_accuracy", "iou"}
        assert all(0 <= value <= 1 for value in cell.values())
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert folders == {"paper", "paper-without-faceswap"}

    trained = (out / "paper/best.pt").stat().st_mtime_ns
    del cells["paper"][ROWS[1]]
    (out / "cells.json").write_text(json.dumps(cells))
    other = f"again={out / 'paper/best.pt'}"
    assert main([*command, "--other", other]) == 0
    assert (out / "paper/best.pt").stat().st_mtime_ns == trained
    cells = json.loads((out / "cells.json").read_text())
    assert set(cells["paper"]) == set(cells["again"]) == set(ROWS)
    assert cells["again"][ROWS[0]] == cells["paper"][ROWS[0]]
    assert "again: EER" in capsys.readouterr().out
    assert main([*command, "--test-pairs", "7"]) == 1
    assert "another plan" in capsys.readouterr().err
    assert main([*command, "--other", f"paper={out / 'paper/best.pt'}"]) == 1
    assert (out / "table.md").read_text().count("\n") == 2 + len(ROWS)
