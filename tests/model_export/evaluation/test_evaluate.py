"""`unmask-model evaluate` on folders, on synthetic pairs and on FaceForensics++."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.checkpoint import Checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex
from model_export.data.families import FAMILIES
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import save, write_faceforensics, write_folders, write_people

PLOTS = ("roc", "det", "reliability", "coverage", "methods", "robustness")
SHEETS = ("fakes_best", "fakes_worst", "reals_worst", "reals_best")


@pytest.fixture(scope="module")
def folder(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("labelled"), astronaut, 4)


@pytest.fixture(scope="module")
def out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    model = write_colour_model(out / "colour.onnx")
    command = ["evaluate", str(model), str(folder), "-o", str(out), "--frames", "2"]
    extra = ["--robustness", "--robustness-crops", "2", "--threshold-from", str(folder)]
    assert main([*command, *extra]) == 0
    return out


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "report.json").read_text())
    return content


def test_a_detector_that_sees_the_manipulation_is_measured_as_one(report: dict[str, Any]) -> None:
    crops = report["figures"]["crops"]
    assert (crops["fakes"], crops["reals"]) == (6, 6)
    assert crops["auc"] == 1
    assert crops["eer"] == 0
    assert report["figures"]["clips"]["fakes"] == 5
    assert report["threshold"]["from"].startswith("the equal error on")


def test_two_frames_of_a_clip_are_no_two_trials(report: dict[str, Any]) -> None:
    alarms = report["figures"]["crops"]["at_validation_threshold"]["bpcer"]
    assert (alarms["errors"], alarms["count"]) == (0, 6)
    assert alarms["high"] == pytest.approx(1 - 0.025 ** (1 / 5)), "four pictures and one clip"


def test_it_is_said_that_this_manipulation_shows_without_a_detector(
    out: Path, report: dict[str, Any]
) -> None:
    aucs = report["figures"]["surface"]
    assert {*aucs} == {"sharpness", "contrast", "brightness", "colour"}
    assert max(max(auc, 1 - auc) for auc in aucs.values()) == 1
    assert "without a detector" in (out / "report.md").read_text()


def test_its_masks_and_methods_too(report: dict[str, Any]) -> None:
    figures = report["figures"]
    assert figures["segmentation"]["fakes_with_truth"] == 4
    assert figures["segmentation"]["iou"] > 0.6
    assert figures["segmentation"]["false_mask_area"] < 0.2
    assert figures["methods"]["confusion"]["Deepfakes"] == {"deepfakes": 4}
    assert figures["methods"]["accuracy"] == 1


def test_plots_and_overlays_are_pictures_named_in_the_report(out: Path) -> None:
    text = (out / "report.md").read_text()
    for name in [*PLOTS, *(f"overlays_{sheet}" for sheet in SHEETS)]:
        picture = cv2.imread(str(out / f"{name}.png"))
        assert picture is not None, name
        assert picture.std() > 1
        assert f"({name}.png)" in text


def test_evaluations_stand_side_by_side(
    out: Path, report: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["tabulate", f"one={out}", f"again, the same={out}"]) == 0
    head, _, first, second = capsys.readouterr().out.splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")]
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    row = dict(zip(names, cells, strict=True))
    assert row["model, data"] == "one"
    clips = report["figures"]["clips"]
    assert row["AUC [95 %]"] == f"{clips['auc']:.3f}"
    assert clips["auc_interval"] is None, "ten files are too few for one"
    assert row["AUC less that of the first [95 %]"] == "-"
    assert second.rstrip("| ").endswith("+0.000")
    assert row["IoU on fakes"] == f"{report['figures']['segmentation']['iou']:.3f}"
    assert second.split("|")[1].strip() == "again, the same"
    assert main(["tabulate", f"twice={out}{os.pathsep}{out}"]) == 0
    assert "| 10 / 10 " in capsys.readouterr().out
    assert main(["tabulate", str(out)]) == 1
    assert "NAME=FOLDER" in capsys.readouterr().err
    assert main(["tabulate", f"one={out}{os.pathsep}{tmp_path}"]) == 1
    assert "report.json" in capsys.readouterr().err


def test_evaluations_of_other_files_are_not_told_apart(
    out: Path,
    checkpoint: Path,
    faces: FaceIndex,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    people = write_people(tmp_path / "people", faces, 80)
    words = ["evaluate", str(checkpoint), str(people), "--pairs", "4", "-o", str(tmp_path)]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["tabulate", f"one={out}", f"other={tmp_path}"]) == 0
    assert "less that" not in capsys.readouterr().out
    (tmp_path / "judged.csv").write_text("file,kin\na,b\n")
    assert main(["tabulate", f"other={tmp_path}"]) == 1
    assert "judged.csv was not written" in capsys.readouterr().err


def test_every_file_is_told_with_its_verdict(out: Path, report: dict[str, Any]) -> None:
    lines = [*csv.DictReader((out / "judged.csv").open())]
    assert len(lines) == 10, "four pictures and a clip of each class"
    assert {line["file"] for line in lines if line["fake"] == "1"} >= {"fake/clip.mp4"}
    logits = [float(line["logit"]) for line in lines]
    assert logits == sorted(logits, reverse=True)
    called = [line for line in lines if line["verdict"] == "manipulated"]
    strict = report["figures"]["clips"]["at_manipulated"]
    fakes = sum(line["fake"] == "1" for line in called)
    assert fakes == strict["missed"]["count"] - strict["missed"]["errors"]
    assert len(called) - fakes == strict["bpcer"]["errors"]


def test_every_robustness_figure_is_there(report: dict[str, Any]) -> None:
    assert {*report["robustness"]} == {"jpeg", "scale", "blur", "h264", "turn"}
    assert all(0 <= a <= 1 for points in report["robustness"].values() for a in points.values())
    assert report["robustness"]["scale"]["1"] == 1


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.pt"
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict()).save(path)
    return path


def test_synthetic_pairs_are_reported_per_family(
    checkpoint: Path, faces: FaceIndex, tmp_path: Path
) -> None:
    people = write_people(tmp_path / "people", faces, 80)
    command = ["evaluate", str(checkpoint), str(people), "--pairs", "8", "-o", str(tmp_path)]
    assert main([*command, "--family", "faceswap", "--family", "deepfakes"]) == 0
    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    assert {*figures["crops"]["per_method"]} <= {"faceswap", "deepfakes"}
    assert figures["crops"]["fakes"] == figures["crops"]["reals"] == 8
    assert figures["segmentation"]["fakes_with_truth"] == 8
    assert "clips" not in figures
    told = "Asked for: `--pairs 8 --family faceswap --family deepfakes`.\n"
    assert told in (tmp_path / "report.md").read_text()


def test_prepared_faceforensics_is_told_by_its_manifest(
    checkpoint: Path, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("NeuralTextures",))
    prepared, out = tmp_path / "prepared", tmp_path / "out"
    command = ["prepare", str(root), "-o", str(prepared), "--frames", "2", "--workers", "1"]
    assert main(command) == 0
    command = ["evaluate", str(checkpoint), str(prepared), "-o", str(out)]
    assert main([*command, "--threshold-from", str(prepared)]) == 0
    assert "Asked for" not in (out / "report.md").read_text()
    figures = json.loads((out / "report.json").read_text())["figures"]
    assert figures["crops"]["fakes"] == 4
    assert figures["clips"]["fakes"] == figures["clips"]["reals"] == 2


def test_a_folder_of_something_else_is_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(checkpoint), str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_class_of_which_nothing_could_be_read_is_named_with_the_reasons(
    checkpoint: Path,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save(tmp_path / "fake/0.png", astronaut)
    (tmp_path / "real").mkdir()
    (tmp_path / "real/notes.txt").write_text("no picture")
    assert main(["evaluate", str(checkpoint), str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "no real picture or clip" in told
    assert "real/notes.txt" in told


def test_a_family_must_be_left(
    checkpoint: Path, faces_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = [word for name in FAMILIES for word in ("--leave-out", name)]
    words = ["evaluate", str(checkpoint), str(faces_folder), *left_out]
    assert main(["prepare-faces", str(faces_folder)]) == 0
    assert main(words) == 1
    assert "every family is left out" in capsys.readouterr().err


def test_forged_clips_are_measured_by_frame_by_clip_and_in_time(
    faces: FaceIndex, tmp_path: Path
) -> None:
    pictures = [str(faces.root / name) for name in ("large.png", "mirrored.png")]
    words = ["--clip", "-n", "2", "--seconds", "1", "-o", str(tmp_path)]
    assert main(["forge", *pictures, *words]) == 0
    model = write_colour_model(tmp_path / "colour.onnx")
    assert main(["evaluate", str(model), str(tmp_path), "-o", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["figures"]["crops"]["fakes"] + report["figures"]["crops"]["reals"] == 32
    assert report["intervals"]["fakes"] == 2
    assert "Manipulated intervals" in (tmp_path / "out" / "report.md").read_text()


def test_pictures_are_judged_as_clips_only_where_their_quality_is_said(
    checkpoint: Path,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_folders(tmp_path / "few", astronaut, 1)
    command = ["evaluate", str(checkpoint), str(folder), "--as-clips", "--frames", "2"]
    assert main(command) == 1
    assert "--as-clips needs --h264" in capsys.readouterr().err
    assert main([*command, "--h264", "30", "-o", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    assert figures["crops"]["fakes"] == 2 * figures["clips"]["fakes"] == 4
    assert figures["segmentation"]["iou"] is None
    _, _, told, *_ = (tmp_path / "report.md").read_text().splitlines()
    assert told == "Asked for: `--frames 2 --h264 30 --as-clips`."
    assert main(["tabulate", f"one={tmp_path}"]) == 0


def test_classes_are_made_equally_sharp_where_that_is_asked_for(
    checkpoint: Path, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    save(tmp_path / "data/real/0.png", astronaut)
    soft = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 2.0), np.uint8)
    save(tmp_path / "data/fake/swap/0.png", soft)
    command = ["evaluate", str(checkpoint), str(tmp_path / "data"), "-o", str(tmp_path)]
    assert main([*command, "--equal-sharpness"]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["data"]["asked"]["equal_sharpness"] is True
    assert report["data"]["files"]["softened"] == 1
    told = (tmp_path / "report.md").read_text()
    assert "- softened to the sharpness of the other class: 1" in told
