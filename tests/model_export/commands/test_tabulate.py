"""Evaluations that are damaged are refused with the name of their file."""

import json
from pathlib import Path
from typing import Any

import pytest

from model_export.cli import main
from model_export.evaluation.judged import write_judged
from service.inference.model_file import Thresholds
from tests.model_export.evaluation.rows import row

THRESHOLDS = Thresholds(manipulated=0.7, authentic=0.3, mask=128, method=0.5)


def level(fakes: int, reals: int) -> dict[str, Any]:
    return {"auc": 1.0, "eer": 0.0, "found_at_bpcer": {}, "fakes": fakes, "reals": reals}


def report(**levels: dict[str, Any]) -> dict[str, Any]:
    masks = {"pixel_accuracy": None, "iou": None, "false_mask_area": 0.1, "fakes_with_truth": 0}
    return {
        "model": {"name": "m", "version": "1"},
        "data": {"name": "own"},
        "figures": {"segmentation": masks, **levels},
    }


def write(folder: Path, text: str, fakes: int, reals: int) -> None:
    """A report, and judgements of so many files."""
    (folder / "report.json").write_text(text)
    rows = [row(2.0, "swap", f"fake/{n}") for n in range(fakes)]
    rows += [row(-1.0, None, f"real/{n}") for n in range(reals)]
    write_judged(rows, THRESHOLDS, folder / "judged.csv")


def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["tabulate", f"one={folder}"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_a_report_is_tabulated_with_its_judgements_or_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, json.dumps(report(crops=level(6, 6), clips=level(2, 3))), 2, 3)
    assert main(["tabulate", f"one={tmp_path}"]) == 0
    assert "| 2 / 3 " in capsys.readouterr().out
    (tmp_path / "judged.csv").unlink()
    assert main(["tabulate", f"one={tmp_path}"]) == 0


def test_clips_that_are_all_fakes_are_tabulated_by_their_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, json.dumps(report(crops=level(6, 6))), 2, 0)
    assert main(["tabulate", f"one={tmp_path}"]) == 0
    assert "| 6 / 6 " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", "model"),
        ("[]", "its top"),
        (json.dumps(report()), "figures.crops"),
        (json.dumps(report(crops={})), "figures.crops.fakes"),
        (json.dumps(report(crops=level(2, 3) | {"auc": "high"})), "figures.crops.auc"),
        (json.dumps(report(crops=level(2, 3)) | {"data": {}}), "data.name"),
    ],
)
def test_a_damaged_report_names_the_place(
    text: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, text, 2, 3)
    assert f"{tmp_path / 'report.json'} is wrong at {place}: " in refused(tmp_path, capsys)


def test_a_report_that_is_cut_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, '{"model": ', 2, 3)
    assert f"{tmp_path / 'report.json'} is not JSON" in refused(tmp_path, capsys)


@pytest.mark.parametrize(("fakes", "reals"), [(1, 3), (2, 4), (3, 2)])
@pytest.mark.parametrize("clips", [True, False])
def test_judgements_of_other_files_than_the_report_tells_of_are_refused(
    clips: bool, fakes: int, reals: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = {"crops": level(2, 3)} | ({"clips": level(2, 3)} if clips else {})
    write(tmp_path, json.dumps(report(**levels)), fakes, reals)
    assert "judged.csv tells of other files than" in refused(tmp_path, capsys)


def test_judgements_without_a_line_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, json.dumps(report(crops=level(2, 3))), 2, 3)
    (tmp_path / "judged.csv").write_text("")
    assert "judged.csv was not written by" in refused(tmp_path, capsys)
