"""Whom a model knows after it learned more, and that who measures it on them is told."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.networks.contract import MOBILE_CONFIG
from model_export.networks.factory import build_network
from model_export.sources.synthetic import part_of
from tests.model_export.labelled import write_folders, write_people

CONFIG = replace(MOBILE_CONFIG, size=64)
LEARN = {
    "finetune": ["--pairs", "4", "--epochs", "1"],
    "fit-methods": ["--pairs", "4", "--workers", "0"],
}


def digest_of(folder: Path) -> str:
    return part_of(load_index(folder, folder / "landmarks.npz"), "training").digest


@pytest.fixture(scope="module")
def before(faces: FaceIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_people(tmp_path_factory.mktemp("before"), faces, 80)


@pytest.fixture(scope="module")
def now(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but for one who is gone: the others are divided otherwise."""
    folder = shutil.copytree(before, tmp_path_factory.mktemp("now") / "people")
    (folder / "person0.png").unlink()
    return folder


def write_model(path: Path, people: str | None) -> Path:
    facts = {} if people is None else {"people": people}
    Checkpoint(CONFIG, build_network(CONFIG).state_dict(), facts).save(path)
    return path


def learned_by(words: list[str], out: Path) -> str | None:
    assert main([*words, "-o", str(out)]) == 0
    people: str | None = load_checkpoint(out).facts["people"]
    return people


@pytest.mark.parametrize("command", LEARN)
def test_who_learns_from_other_people_knows_those_and_the_ones_before(
    command: str, before: Path, now: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model, out = write_model(tmp_path / "a.pt", digest_of(before)), tmp_path / "b.pt"
    words = [command, str(model), str(before), *LEARN[command]]
    assert learned_by(words, out) == digest_of(before)
    words[2] = str(now)
    assert learned_by(words, out) == f"{digest_of(before)}+{digest_of(now)}"
    for folder in (before, now):
        caplog.clear()
        assert main(["evaluate", str(out), str(folder), "--pairs", "2"]) == 0
        assert "people it knows may be among those" in caplog.text


@pytest.mark.parametrize("command", LEARN)
def test_who_was_known_before_stays_unknown_where_nobody_wrote_it_down(
    command: str, now: Path, tmp_path: Path
) -> None:
    words = [command, str(write_model(tmp_path / "a.pt", None)), str(now), *LEARN[command]]
    assert learned_by(words, tmp_path / "b.pt") == f"unknown+{digest_of(now)}"


@pytest.mark.parametrize(("people", "after"), [("a", "a+unknown"), (None, None)])
def test_of_labelled_pictures_nobody_knows_whom_they_show(
    people: str | None, after: str | None, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    folder = write_folders(tmp_path / "labelled", astronaut, 2)
    words = ["finetune", str(write_model(tmp_path / "a.pt", people)), str(folder)]
    assert learned_by([*words, "--epochs", "1", "--frames", "1"], tmp_path / "b.pt") == after
