"""`evaluate --threshold-from`: the threshold comes from data that can give one."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faces import FaceIndex
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import manipulated, save, write_folders, write_people


def refused(data: Path, other: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that is said before anything of `data` is judged."""
    model = write_colour_model(data.parent / "colour.onnx")
    command = ["evaluate", str(model), str(data), "--threshold-from", str(other), *words]
    assert main(command) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    return told.removeprefix("unmask-model evaluate: ")


def test_they_are_of_the_same_kind(
    faces: FaceIndex,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    people = write_people(tmp_path / "people", faces, 80)
    folders = write_folders(tmp_path / "folders", astronaut, 1)
    wanted = "--threshold-from takes data of the same kind: "
    assert refused(people, folders, capsys, "--pairs", "2") == (
        f"{wanted}{people} is synthetic, {folders} is folders"
    )
    assert refused(folders, people, capsys) == (
        f"{wanted}{folders} is folders, {people} is synthetic"
    )


@pytest.mark.parametrize(("lacking", "other"), [("fake", "real"), ("real", "fake")])
def test_they_have_both_classes(
    lacking: str,
    other: str,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders = write_folders(tmp_path / "folders", astronaut, 1)
    save(tmp_path / f"one/{other}/0.png", astronaut)
    (tmp_path / f"one/{lacking}").mkdir()
    (tmp_path / f"one/{lacking}/notes.txt").write_text("no picture")
    told = refused(folders, tmp_path / "one", capsys)
    assert told.startswith(
        f"there is no {lacking} picture or clip to judge in {tmp_path / 'one'} ("
    )
    assert f"({lacking}/notes.txt: " in told


def test_clips_that_all_have_a_fake_stretch_give_one_by_their_frames(
    faces: FaceIndex, tmp_path: Path
) -> None:
    people = write_people(tmp_path / "people", faces, 3)
    for name, seed in (("a", "0"), ("b", "5")):
        forge = ["forge", str(people), "--clip", "-n", "1", "--seconds", "1", "--seed", seed]
        assert main([*forge, "-o", str(tmp_path / name)]) == 0
    model = write_colour_model(tmp_path / "colour.onnx")
    words = ["evaluate", str(model), str(tmp_path / "a"), "--frames", "6", "-o", str(tmp_path)]
    assert main([*words, "--threshold-from", str(tmp_path / "b")]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["threshold"]["from"] == "the equal error on b"


def test_it_is_the_probability_of_their_equal_error(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    folders = write_folders(tmp_path / "folders", astronaut, 2)
    save(folders / "real/odd.png", manipulated(astronaut)[0])
    model = write_colour_model(tmp_path / "colour.onnx")
    words = ["evaluate", str(model), str(folders), "--frames", "1", "-o", str(tmp_path)]
    assert main([*words, "--threshold-from", str(folders)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    crops = report["figures"]["crops"]
    assert report["threshold"]["probability"] == pytest.approx(crops["eer_probability"])
    assert crops["at_validation_threshold"]["hter"] == pytest.approx(crops["eer"])
