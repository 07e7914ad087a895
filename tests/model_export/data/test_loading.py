"""What keeps another process from making a pair is told as if it had happened here."""

from pathlib import Path

import numpy as np
import pytest

from model_export.cli import main
from model_export.data.faces import FaceIndex
from model_export.data.loading import load_batches, load_pairs
from model_export.data.pairs import PairDataset
from tests.model_export.colour_model import write_colour_model
from tests.model_export.labelled import forge_of, write_people

QUICK = [
    *("--preset", "mobile", "--pictures", "2", "--batch", "2"),
    *("--validation-pairs", "1"),
]


@pytest.fixture(scope="module")
def damaged(faces: FaceIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People whose pictures became unreadable after their faces had been found."""
    folder = write_people(tmp_path_factory.mktemp("people"), faces, 40)
    for path in folder.glob("*.png"):
        path.write_bytes(path.read_bytes()[:20])
    return folder


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_unreadable_picture_is_one_line(
    command: str,
    workers: str,
    damaged: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = {
        "train": [str(damaged), "-o", str(tmp_path / "run"), *QUICK],
        "evaluate": [str(write_colour_model(tmp_path / "m.onnx")), str(damaged), "--pairs", "2"],
    }
    assert main([command, *words[command], "--workers", workers]) == 1
    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith(f"unmask-model {command}: cannot read the picture")
    assert "Traceback" not in told


@pytest.mark.parametrize("workers", [0, 1])
def test_pairs_come_alone_or_in_batches_of_which_the_last_is_the_rest(
    workers: int, faces: FaceIndex
) -> None:
    pairs = PairDataset(forge_of(faces), 3, seed=1)
    single = [*load_pairs(pairs, workers)]
    assert all(np.array_equal(pair.fake, pairs[k].fake) for k, pair in enumerate(single))
    batches = [*load_batches(pairs, 2, workers)]
    assert [len(batch.pictures) for batch in batches] == [4, 2]
    assert np.array_equal(batches[1].pictures[0].numpy(), pairs[2].real)
