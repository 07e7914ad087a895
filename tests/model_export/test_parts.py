"""Every command keeps to its own part of the people.

Of everyone else the pictures are spoilt: who reads one of them is told that it cannot be read.
"""

from pathlib import Path

import pytest

from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.protocol import Protocol, ProtocolPlan
from model_export.sources.synthetic import Part, part_of
from model_export.train import TrainConfig
from tests.model_export.labelled import write_people


@pytest.fixture
def people(faces: FaceIndex, tmp_path: Path) -> FaceIndex:
    folder = write_people(tmp_path / "people", faces, 80)
    return load_index(folder, folder / "landmarks.npz")


def spoil(people: FaceIndex, *but: Part) -> None:
    kept = {name for part in but for name in part_of(people, part).names}
    for name in people.names:
        if name not in kept:
            (people.root / name).write_bytes(b"spoilt")


def test_calibration_is_fitted_on_its_own_part(
    people: FaceIndex, checkpoint: Path, tmp_path: Path
) -> None:
    spoil(people, "calibration")
    words = ["calibrate", str(checkpoint), str(people.root), "-o", str(tmp_path / "b.pt")]
    assert main([*words, "--pairs", "6"]) == 0


def test_an_evaluation_measures_on_the_test_part(people: FaceIndex, checkpoint: Path) -> None:
    spoil(people, "test")
    words = ["evaluate", str(checkpoint), str(people.root), "--pairs", "6"]
    assert main(words) == 0
    assert main([*words, "--threshold-from", str(people.root)]) == 1


def test_its_threshold_comes_from_the_calibration_part(people: FaceIndex, checkpoint: Path) -> None:
    spoil(people, "test", "calibration")
    words = ["evaluate", str(checkpoint), str(people.root), "--pairs", "6"]
    assert main([*words, "--threshold-from", str(people.root)]) == 0


def test_the_protocol_measures_on_the_test_part_and_tunes_on_that_of_calibration(
    people: FaceIndex, checkpoint: Path, tmp_path: Path
) -> None:
    plan = ProtocolPlan(
        TrainConfig(workers=0), ("faceswap",), test_pairs=4, tuning_pairs=4, tuning_epochs=1
    )
    spoil(people, "test", "calibration")
    table = Protocol(people, plan, tmp_path / "out").run([], {"other": checkpoint})
    assert "other: EER" in table
    spoil(people, "calibration")
    with pytest.raises(ValueError, match="cannot read the picture"):
        Protocol(people, plan, tmp_path / "again").run([], {"other": checkpoint})


def test_fine_tuning_learns_from_the_part_of_training(
    people: FaceIndex, checkpoint: Path, tmp_path: Path
) -> None:
    spoil(people, "training")
    words = ["finetune", str(checkpoint), str(people.root), "-o", str(tmp_path / "b.pt")]
    assert main([*words, "--pairs", "4", "--epochs", "1"]) == 0


def test_the_protocol_trains_and_chooses_without_who_is_tested_on(
    people: FaceIndex, tmp_path: Path
) -> None:
    train = TrainConfig(pictures=4, batch=4, workers=0, validation_pairs=2)
    spoil(people, "training", "calibration")
    with pytest.raises(ValueError, match="cannot read the picture"):
        Protocol(people, ProtocolPlan(train, ("faceswap",)), tmp_path / "out").run(["paper"], {})
    finished = {path.parent.name for path in tmp_path.glob("out/*/finished")}
    assert finished == {"paper", "paper-without-faceswap"}, "before anything was measured"


def test_pictures_that_divide_people_otherwise_than_in_the_training_are_told_of(
    people: FaceIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = ["train", str(people.root), "-o", str(tmp_path / "run"), "--pictures", "4"]
    assert main([*run, "--batch", "4", "--validation-pairs", "1", "--workers", "0"]) == 0
    model = str(tmp_path / "run/best.pt")
    words = ["evaluate", model, str(people.root), "--pairs", "2"]
    fitted = ["calibrate", model, str(people.root), "--pairs", "4", "-o", str(tmp_path / "b.pt")]
    warning = "not those the model was trained on"
    for command in (words, fitted):
        assert main(command) == 0
    assert warning not in caplog.text
    (people.root / part_of(people, "test").names[0]).unlink()
    for command in (words, fitted):
        caplog.clear()
        assert main(command) == 0
        assert warning in caplog.text
