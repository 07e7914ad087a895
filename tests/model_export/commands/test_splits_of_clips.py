"""Every command keeps to its own official split of FaceForensics++.

Of the others the crops are gone: who wants one of them has nothing to work on.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faces import FaceIndex
from tests.model_export.labelled import write_faceforensics, write_people

QUICK = ["--pictures", "2", "--batch", "2", "--workers", "0", "--validation-pairs", "1"]
Kept = Callable[[str], Path]


@pytest.fixture(scope="module")
def prepared(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_faceforensics(tmp_path_factory.mktemp("ff"), astronaut, ("FaceSwap",))
    out = tmp_path_factory.mktemp("prepared")
    assert main(["prepare", str(root), "-o", str(out), "--frames", "2", "--workers", "1"]) == 0
    return out


@pytest.fixture
def only(prepared: Path, tmp_path: Path) -> Kept:
    """A copy with the crops of one split."""

    def keep(split: str) -> Path:
        copy = shutil.copytree(prepared, tmp_path / f"only {split}")
        for other in {"train", "val", "test"} - {split}:
            shutil.rmtree(copy / other)
        return copy

    return keep


@pytest.mark.parametrize(
    ("words", "split"),
    [("evaluate", "test"), ("calibrate", "val"), ("finetune --epochs 1", "train")],
)
def test_a_command_reads_the_clips_of_its_split(
    words: str, split: str, checkpoint: Path, only: Kept, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main([*words.split(), str(checkpoint), str(only(split)), "-o", str(out)]) == 0


def test_a_threshold_comes_from_the_split_for_validation(checkpoint: Path, only: Kept) -> None:
    words = ["evaluate", str(checkpoint), str(only("test")), "--threshold-from"]
    assert main([*words, str(only("val"))]) == 0


def test_a_training_learns_from_the_split_for_training(
    faces: FaceIndex, only: Kept, tmp_path: Path
) -> None:
    people = write_people(tmp_path / "people", faces, 30)
    words = ["train", str(people), *QUICK, "--prepared", str(only("train"))]
    assert main([*words, "--prepared-share", "1", "-o", str(tmp_path / "out")]) == 0


def test_a_family_that_is_left_out_is_not_learned_from_clips_either(
    faces: FaceIndex, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = write_people(tmp_path / "people", faces, 30)
    words = ["train", str(people), *QUICK, "--prepared", str(prepared)]
    assert main([*words, "--leave-out", "faceswap", "-o", str(tmp_path / "out")]) == 1
    assert "has no fakes of the split 'train'" in capsys.readouterr().err
