"""What cannot be written is said before the work, and by it nothing that exists is harmed."""

import os
from pathlib import Path

import pytest

from model_export.cli import main
from model_export.commands.targets import expect_file, expect_folder

TO_A_CHECKPOINT = {
    "average": ["BAD", "BAD"],
    "calibrate": ["BAD", "DATA"],
    "describe": ["BAD"],
    "finetune": ["BAD", "DATA"],
    "fit-methods": ["BAD", "DATA"],
    "import-classnseg": ["BAD", "BAD"],
    "sharpen": ["BAD", "1"],
}
TO_A_FILE = TO_A_CHECKPOINT | {
    "export": ["BAD"],
    "fit-landmarks": ["BAD"],
    "train-generators": ["DATA"],
}
TO_A_FOLDER = {
    "evaluate": ["BAD", "DATA"],
    "forge": ["DATA"],
    "prepare": ["DATA"],
    "protocol": ["DATA"],
    "store-pairs": ["DATA", "-n", "1"],
    "train": ["DATA"],
}


def words_of(command: str, given: list[str], folder: Path, out: Path) -> list[str]:
    """The command on what it cannot read: of that it would complain, had it begun."""
    bad, data = folder / "bad.pt", folder / "data"
    bad.write_text("no model")
    data.mkdir()
    places = {"BAD": str(bad), "DATA": str(data)}
    return [command, *(places.get(word, word) for word in given), "-o", str(out)]


@pytest.mark.parametrize("command", TO_A_FILE)
@pytest.mark.parametrize(("out", "reason"), [("taken", "is a folder"), ("note/new", "no folder")])
def test_a_file_has_a_place_before_the_work_begins(
    out: str, reason: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "note").write_text("kept")
    assert main(words_of(command, TO_A_FILE[command], tmp_path, tmp_path / out)) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"unmask-model {command}: cannot write")
    assert reason in told
    assert told.count("\n") == 1
    assert (tmp_path / "note").read_text() == "kept"


@pytest.mark.parametrize("command", TO_A_FOLDER)
@pytest.mark.parametrize("out", ["note", "note/new/folder"])
def test_a_folder_has_a_place_before_the_work_begins(
    out: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note").write_text("kept")
    assert main(words_of(command, TO_A_FOLDER[command], tmp_path, tmp_path / out)) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"unmask-model {command}: cannot write")
    assert "no folder" in told
    assert told.count("\n") == 1
    assert (tmp_path / "note").read_text() == "kept"


@pytest.mark.parametrize("command", TO_A_CHECKPOINT)
@pytest.mark.parametrize("name", ["in-use.onnx", "IN-USE.ONNX"])
def test_a_checkpoint_takes_no_exported_files_place(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("kept")
    words = words_of(command, TO_A_CHECKPOINT[command], tmp_path, tmp_path / name)
    assert main(words) == 1
    assert capsys.readouterr().err == (
        f"unmask-model {command}: {tmp_path / name} is to be a checkpoint: give it a name that "
        "ends in .pt\n"
    )
    assert (tmp_path / name).read_text() == "kept"


def test_companions_of_an_exported_file_have_places_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, name in (("--int8", "m.int8.onnx"), ("--half", "m.fp16.onnx")):
        (tmp_path / name).mkdir()
        (tmp_path / "bad.pt").write_text("no model")
        words = ["export", str(tmp_path / "bad.pt"), "-o", str(tmp_path / "m.onnx"), option]
        assert main(words) == 1
        assert f"{name}: it is a folder" in capsys.readouterr().err


def test_a_report_is_not_kept_for_a_folder_that_holds_something_of_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    words = words_of("evaluate", TO_A_FOLDER["evaluate"], tmp_path, tmp_path / "out")
    assert main(words) == 1
    assert "report.json: it is a folder" in capsys.readouterr().err


def test_what_can_be_written_is_not_written_yet(tmp_path: Path) -> None:
    old = tmp_path / "old.pt"
    old.write_text("kept")
    expect_file(old)
    expect_file(tmp_path / "new" / "folder" / "new.pt")
    expect_folder(tmp_path)
    expect_folder(tmp_path / "new" / "folder", "a", "b")
    assert [*tmp_path.iterdir()] == [old]
    assert old.read_text() == "kept"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_place_where_no_file_can_be_made_is_told_by_its_system() -> None:
    with pytest.raises(OSError, match=r"cannot write /proc/new\.pt: .* in /proc"):
        expect_file(Path("/proc/new.pt"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is write-protected for root")
def test_what_is_write_protected_stays_so(tmp_path: Path) -> None:
    (tmp_path / "old.pt").touch(0o444)
    with pytest.raises(PermissionError, match=r"old\.pt: it is write-protected"):
        expect_file(tmp_path / "old.pt")
    (tmp_path / "shut").mkdir(0o555)
    with pytest.raises(OSError, match=r"new\.pt: Permission denied in .*shut"):
        expect_file(tmp_path / "shut" / "new" / "new.pt")
    with pytest.raises(OSError, match="Permission denied"):
        expect_folder(tmp_path / "shut")


def test_an_export_makes_the_folders_it_lacks(tmp_path: Path, export_words: list[str]) -> None:
    out = tmp_path / "my" / "models" / "unmask.onnx"
    assert main([*export_words[:-1], str(out)]) == 0
    assert out.is_file()
