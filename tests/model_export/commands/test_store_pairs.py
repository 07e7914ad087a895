"""`store-pairs`: the same pairs whoever makes them, of people to learn from, once."""

import json
from pathlib import Path

import numpy as np
import pytest

from model_export.checkpoint import load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.data.forge import Forge
from model_export.data.stored_pairs import PART, SETTINGS, StoredPairs
from model_export.sources.synthetic import HELD_OUT
from service.faces.crop import CropRule
from tests.model_export.commands.test_train_runs import train
from tests.model_export.labelled import write_coloured_people

STRENGTH = ["--strength", "0.5"]


def store(people: Path, out: Path, *words: str) -> int:
    return main(["store-pairs", str(people), "-o", str(out), "-n", str(PART), *STRENGTH, *words])


@pytest.fixture(scope="module")
def stored(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stored") / "pairs"
    assert store(people, out) == 0
    return out


def test_what_is_stored_is_what_a_forge_makes_of_people_to_learn_from(
    people: Path, stored: Path
) -> None:
    training, _ = load_index(people, people / "landmarks.npz").split(HELD_OUT, seed=0)
    forge = Forge(training, CropRule(), strength=0.5)
    assert json.loads((stored / SETTINGS).read_text())["people"] == training.digest
    wanted = {forge.draw(np.random.default_rng((0, n))).real.tobytes() for n in (0, PART - 1)}
    rng = np.random.default_rng(0)
    pairs = [StoredPairs(stored).draw(rng) for _ in range(12 * PART)]
    assert wanted <= {pair.real.tobytes() for pair in pairs}


def test_a_cut_run_goes_on_with_what_is_missing_or_damaged(people: Path, stored: Path) -> None:
    (path,) = stored.glob("*.pairs")
    content, before = path.read_bytes(), path.stat().st_mtime_ns
    assert store(people, stored) == 0
    assert path.stat().st_mtime_ns == before
    path.write_bytes(content[:-1])
    assert store(people, stored) == 0
    assert path.read_bytes() == content


def test_a_folder_of_other_pairs_is_refused(
    people: Path, stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert store(people, stored, "--seed", "1") == 1
    assert "holds other pairs" in capsys.readouterr().err


def test_one_person_alone_is_refused(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").mkdir()
    assert store(write_coloured_people(tmp_path / "one", faces, 1), tmp_path / "pairs") == 1
    assert "shows one person only" in capsys.readouterr().err


def test_a_training_learns_from_them(people: Path, stored: Path, tmp_path: Path) -> None:
    words = ["--stored", str(stored), *STRENGTH]
    assert train(people, tmp_path, *words) == 0
    assert load_checkpoint(tmp_path / "last.pt").facts["stored"] is True
    assert train(people, tmp_path, *words, "--resume", "--pictures", "4") == 0
    assert load_checkpoint(tmp_path / "last.pt").resume["seen"] == 4


def test_pairs_of_another_strength_are_refused(
    people: Path, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(people, tmp_path, "--stored", str(stored)) == 1
    assert "holds pairs of strength 0.5, not 1.0" in capsys.readouterr().err


def test_a_training_learns_from_one_kind_of_files_only(
    people: Path, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--stored", str(stored), "--prepared", str(tmp_path), *STRENGTH]
    assert train(people, tmp_path / "run", *words) == 1
    assert "from --stored or from --prepared, not from both" in capsys.readouterr().err
