"""A process that helps and is gone is told of in one line."""

import os
import signal
from multiprocessing import parent_process
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.forge import Forge, Pair
from model_export.data.rng import Rng
from tests.model_export.labelled import write_faceforensics

TRAIN = [
    *("--preset", "mobile", "--pictures", "2", "--batch", "2"),
    *("--validation-pairs", "1", "--workers", "1"),
]


class Doomed(Forge):
    """A forge whose workers are killed."""

    def draw(self, rng: Rng) -> Pair:
        if parent_process() is not None:
            be_killed()
        return super().draw(rng)


def be_killed(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.fixture
def clips(astronaut: NDArray[np.uint8], tmp_path: Path) -> Path:
    return write_faceforensics(tmp_path / "ff", astronaut, ("FaceSwap",))


@pytest.mark.parametrize("command", ["train", "store-pairs", "prepare"])
def test_a_killed_worker_is_one_line(
    command: str,
    people: Path,
    clips: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("model_export.commands.train.Forge", Doomed)
    monkeypatch.setattr("model_export.commands.store_pairs.Forge", Doomed)
    monkeypatch.setattr("model_export.commands.prepare.cut_pair", be_killed)
    words = {
        "train": [str(people), *TRAIN],
        "store-pairs": [str(people), "-n", "1"],
        "prepare": [str(clips)],
    }
    assert main([command, *words[command], "-o", str(clips.with_name("out"))]) == 1
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith(f"unmask-model {command}: one of the --workers was")
    assert "Traceback" not in told


def test_what_else_goes_wrong_is_no_lost_worker(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("model_export.commands.store_pairs.Forge", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        main(["store-pairs", str(people), "-n", "1", "-o", str(tmp_path)])
