"""`unmask-model prepare`, run again and again into one folder."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faceforensics import read_manifest
from tests.model_export.labelled import Lengths, write_faceforensics

METHODS = ("Deepfakes", "FaceSwap")


@pytest.fixture
def root(astronaut: NDArray[np.uint8], tmp_path: Path) -> Path:
    return write_faceforensics(tmp_path / "ff", astronaut, METHODS)


def prepare(root: Path, out: Path, *more: str) -> int:
    words = ["prepare", str(root), "-o", str(out), "--frames", "1", "--workers", "1"]
    return main([*words, *more])


def test_one_method_after_another_gives_what_both_at_once_give(root: Path, tmp_path: Path) -> None:
    assert prepare(root, tmp_path / "both") == 0
    for method in reversed(METHODS):
        assert prepare(root, tmp_path / "apart", "--method", method) == 0
    rows = read_manifest(tmp_path / "apart")
    assert {row["method"] for row in rows} == {*METHODS}
    assert rows == read_manifest(tmp_path / "both")


def test_what_was_cut_stays_in_the_manifest_when_its_clips_are_gone(
    root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert prepare(root, out, "--method", "Deepfakes") == 0
    shutil.rmtree(root / "manipulated_sequences" / "Deepfakes")
    assert prepare(root, out, "--method", "FaceSwap") == 0
    assert {row["method"] for row in read_manifest(out)} == {*METHODS}


def write_lists(folder: Path, lists: dict[str, Any]) -> Path:
    folder.mkdir()
    for split, pairs in lists.items():
        (folder / f"{split}.json").write_text(json.dumps(pairs, indent=2))
    return folder


def test_other_lists_are_not_mixed_into_the_same_folder(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert prepare(root, out, "--method", "Deepfakes") == 0
    before = read_manifest(out)
    official = {"train": [["000", "001"]], "val": [["002", "003"]], "test": [["004", "005"]]}
    same = write_lists(tmp_path / "same", official)
    others = write_lists(tmp_path / "others", official | {"val": [], "test": [["002", "003"]]})
    assert prepare(root, out, "--splits", str(others)) == 1
    assert "other settings (split lists), see settings.json" in capsys.readouterr().err
    assert read_manifest(out) == before
    assert prepare(root, out, "--splits", str(same)) == 0


def test_crops_of_other_settings_are_not_mixed_into_the_same_folder(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, out = shutil.copytree(root, tmp_path / "copy"), tmp_path / "out"
    assert prepare(copy, out) == 0
    for folder in [*copy.rglob("c23")]:
        folder.rename(folder.with_name("c40"))
    before = read_manifest(out)
    c40 = ("--compression", "c40")
    for more in ((), ("--frames", "3"), ("--crop", "detector"), ("--size", "64")):
        assert prepare(copy, out, *c40, *more) == 1
        changed = ", ".join(word.removeprefix("--") for word in (*c40, *more)[::2])
        assert f"other settings ({changed}" in capsys.readouterr().err
    assert read_manifest(out) == before


def test_clips_that_give_too_few_frames_are_told_each_time(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("FaceSwap",), Lengths(9, 4, 6))
    for _ in range(2):
        assert prepare(root, tmp_path / "out", "--frames", "5") == 0
        told = capsys.readouterr().out
        assert "48 crops of 6 clips" in told
        assert "6 clips gave fewer frames than were asked for:" in told
        assert "FaceSwap_000_001: 4 of 5 frames; missing: 1 that the shortest clip" in told


def test_what_later_runs_read_is_never_half_written(
    root: Path, tmp_path: Path, in_place: set[str]
) -> None:
    assert prepare(root, tmp_path / "out") == 0
    written = {"settings.json", "manifest.jsonl"}
    assert written <= {path.name for path in (tmp_path / "out").iterdir()}
    assert not written & in_place
