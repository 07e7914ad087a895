"""Checkpoints at rest: where they can be written, and what is taken for one."""

import pickle
import resource
from pathlib import Path

import onnx
import pytest
import torch

from model_export.checkpoint import Checkpoint, CheckpointError, all_people, load_checkpoint
from model_export.cli import main
from model_export.export import write_described
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from tests.model_export.colour_model import write_colour_model

SHIPPED = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"
WHOLE = {"format": 1, "config": {}, "weights": {}, "facts": {}, "resume": {}}


def fresh() -> Checkpoint:
    config = NetworkConfig(size=64)
    return Checkpoint(config, build_network(config).state_dict(), {"name": "a name"})


def test_the_folder_of_a_checkpoint_is_made(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "c.pt"
    fresh().save(path)
    assert load_checkpoint(path).facts == {"name": "a name"}
    assert [file.name for file in path.parent.iterdir()] == ["c.pt"]


def test_a_command_keeps_its_work_though_the_folder_is_missing(tmp_path: Path) -> None:
    fresh().save(tmp_path / "c.pt")
    out = tmp_path / "missing" / "d.pt"
    assert main(["describe", str(tmp_path / "c.pt"), "--name", "mine", "-o", str(out)]) == 0
    assert load_checkpoint(out).facts["name"] == "mine"


def test_a_full_disk_leaves_the_last_good_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.pt"
    fresh().save(path)
    good = path.read_bytes()
    # The device that is always full stands where the file would be written.
    monkeypatch.setattr("model_export.data.files.token_hex", lambda _: "full")
    (tmp_path / ".c.pt.full.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot write .*c\.pt: .*No space left"):
        fresh().save(path)
    assert path.read_bytes() == good
    assert [file.name for file in tmp_path.iterdir()] == ["c.pt"]


def test_a_limit_in_the_middle_of_a_file_leaves_the_last_good_one(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    fresh().save(path)
    good = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(good) // 2, hard))
    try:
        with pytest.raises(OSError, match=r"cannot write .*c\.pt"):
            fresh().save(path)
        with pytest.raises(OSError, match="File too large"):
            write_described(onnx.load(SHIPPED), tmp_path / "c.onnx", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == good
    assert [file.name for file in tmp_path.iterdir()] == ["c.pt"]


def test_a_file_that_is_not_finished_is_called_as_nobody_s_is(tmp_path: Path) -> None:
    mine = tmp_path / "c.partial"
    fresh().save(mine)
    good = mine.read_bytes()
    fresh().save(tmp_path / "c.pt")
    write_described(onnx.load(SHIPPED), tmp_path / "c.onnx", {})
    assert main(["export", str(mine), "-o", str(tmp_path / "c.onnx")]) == 0
    assert mine.read_bytes() == good


def test_a_path_below_a_file_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh().save(tmp_path / "c.pt")
    out = tmp_path / "c.pt" / "d.pt"
    assert main(["describe", str(tmp_path / "c.pt"), "--name", "mine", "-o", str(out)]) == 1
    assert f"cannot write {out}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Hello,\nthis is a text.\n", "is not a weights-only checkpoint"),
        (b"a,b\n1,2\n", "is not a weights-only checkpoint"),
        (pickle.dumps({"format": 1}, protocol=2)[:8], "is not a weights-only checkpoint"),
        (b"", "is not a weights-only checkpoint"),
        ([1, 2], "is not an Unmask checkpoint"),
        ({"something": 1}, "is not an Unmask checkpoint of format 1"),
        ({"format": 1}, "lacks config, weights, facts, resume"),
        (WHOLE | {"facts": 3}, "lacks facts"),
        (WHOLE | {"config": {"depth": 3}}, "is of a network that is not known here"),
    ],
    ids=("text", "table", "cut", "empty", "list", "dict", "format", "no facts", "other network"),
)
def test_what_is_no_checkpoint_is_named_in_one_sentence(
    content: object, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(CheckpointError, match=f"^{path} {reason}[^\n]*$"):
        load_checkpoint(path)


def test_a_checkpoint_cut_short_is_none(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    fresh().save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="is not a weights-only checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "command",
    [
        ["calibrate", "MODEL", "HERE", "-o", "OUT"],
        ["average", "MODEL", "MODEL", "-o", "OUT"],
        ["export", "MODEL", "-o", "OUT"],
        ["describe", "MODEL"],
    ],
    ids=lambda words: words[0],
)
def test_where_a_checkpoint_is_meant_an_exported_file_is_called_what_it_is(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_colour_model(tmp_path / "exported.onnx")
    places = {"MODEL": str(model), "HERE": str(tmp_path), "OUT": str(tmp_path / "out.pt")}
    assert main([places.get(word, word) for word in command]) == 1
    assert capsys.readouterr().err == (
        f"unmask-model {command[0]}: {model} is an exported file, not a checkpoint: only "
        "`finetune`, `fit-methods`, `sharpen` and `train --start-from` go on from one\n"
    )


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*No such file"):
        load_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ("a", "a", "a"),
        ("a", "b", "a+b"),
        ("a+b", "b", "a+b"),
        (None, "b", "unknown+b"),
        ("unknown+b", "b", "unknown+b"),
        ("a", "unknown", "a+unknown"),
    ],
)
def test_of_two_trainings_all_people_are_known(before: str | None, after: str, both: str) -> None:
    assert all_people(before, after) == both


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    Checkpoint(NetworkConfig(width=2), fresh().weights).save(tmp_path / "c.pt")
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(tmp_path / "c.pt").build()
