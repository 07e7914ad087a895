"""`forge` mixes what it writes with nothing that another run left."""

from pathlib import Path

import pytest

from model_export.cli import main
from tests.model_export.labelled import files


def forge(faces: Path, out: Path, *words: str) -> int:
    pictures = [str(faces / name) for name in ("large.png", "mirrored.png")]
    return main(["forge", *pictures, "-o", str(out), *words])


def test_the_same_command_may_be_given_again(faces_folder: Path, tmp_path: Path) -> None:
    assert forge(faces_folder, tmp_path, "-n", "2") == 0
    first = files(tmp_path)
    assert forge(faces_folder, tmp_path, "-n", "2") == 0
    assert files(tmp_path) == first


def test_clips_may_be_forged_again_and_longer_or_shorter(
    faces_folder: Path, tmp_path: Path
) -> None:
    for seconds in ("0.2", "0.1"):
        assert forge(faces_folder, tmp_path, "--clip", "-n", "1", "--seconds", seconds) == 0


@pytest.mark.parametrize("words", [["-n", "1"], ["-n", "2", "--clip", "--seconds", "0.1"]])
def test_pairs_of_another_run_are_not_kept_among_the_new(
    words: list[str], faces_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forge(faces_folder, tmp_path, "-n", "2") == 0
    before = files(tmp_path)
    assert forge(faces_folder, tmp_path, *words) == 1
    assert "already holds" in capsys.readouterr().err
    assert files(tmp_path) == before


def test_a_folder_of_something_else_is_left_alone(
    faces_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(faces_folder)
    assert forge(faces_folder, faces_folder) == 1
    assert "give an empty folder" in capsys.readouterr().err
    assert files(faces_folder) == before
