"""A model and its companions are replaced together, or not at all."""

from pathlib import Path

import pytest

from model_export.cli import main
from tests.model_export.labelled import files

OLD = ("m.onnx", "m.int8.onnx", "m.fp16.onnx")


@pytest.fixture
def words(export_words: list[str], tmp_path: Path) -> list[str]:
    """`export` with both companions where files of an older model lie."""
    for name in OLD:
        (tmp_path / name).write_text("old")
    pictures = ["--calibration-pictures", str(tmp_path / "faces")]
    return [*export_words, "--int8", "--half", *pictures]


def test_a_companion_that_fails_leaves_the_old_files(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("model_export.halve.halve", fails)
    before = files(tmp_path)
    assert main(words) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert files(tmp_path) == before
    assert not [path for path in tmp_path.iterdir() if path.is_dir() and path.name != "faces"]


def test_a_companion_that_is_no_longer_the_same_model_leaves_the_old_files(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model_export.agreement.LEAST_VERDICTS", 1.1)
    before = files(tmp_path)
    assert main(words) == 1
    assert "in 8 bits it is no longer the same model" in capsys.readouterr().err
    assert files(tmp_path) == before


def test_one_picture_is_too_few_for_8_bits(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for picture in sorted((tmp_path / "faces").iterdir())[1:]:
        picture.unlink()
    before = files(tmp_path)
    assert main(words) == 1
    told = capsys.readouterr()
    assert told.err == "unmask-model export: --int8 needs two calibration pictures at least\n"
    assert not told.out, "nothing was computed yet"
    assert files(tmp_path) == before


def test_all_are_written_as_any_file_is(words: list[str], tmp_path: Path) -> None:
    assert main(words) == 0
    (tmp_path / "any").touch()
    usual = (tmp_path / "any").stat().st_mode
    for name in OLD:
        assert (tmp_path / name).read_bytes() != b"old"
        assert (tmp_path / name).stat().st_mode == usual
