"""A training whose numbers are none any more says so, and keeps what it had."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model_export.checkpoint import load_checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.pairs import PairDataset, collate
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from model_export.train import TrainConfig, Trainer
from service.faces.crop import CropRule

CONFIG = TrainConfig(pictures=2, batch=2, validation_pairs=1, validate_every=2, workers=0)


def trainer(faces: FaceIndex, folder: Path, config: TrainConfig = CONFIG) -> Trainer:
    forge = Forge(faces, CropRule(size=64))
    torch.manual_seed(0)
    return Trainer(build_network(NetworkConfig(size=64)), forge, forge, config, folder)


def test_losses_that_are_no_numbers_end_a_training_whose_checkpoints_stay(
    faces: FaceIndex, tmp_path: Path
) -> None:
    trainer(faces, tmp_path).run()
    kept = [tmp_path / name for name in ("last.pt", "best.pt", "metrics.csv")]
    before = [path.read_bytes() for path in kept]
    again = trainer(faces, tmp_path, replace(CONFIG, pictures=100, rate=1e30, validate_every=100))
    again.resume(tmp_path / "last.pt")
    with pytest.raises(
        ValueError, match=r"^the losses are no numbers any more after \d+ pict.*rate"
    ):
        again.run()
    assert again.seen < 100
    assert [path.read_bytes() for path in kept] == before
    weights = load_checkpoint(tmp_path / "best.pt").weights.values()
    assert all(bool(tensor.isfinite().all()) for tensor in weights)


def test_scores_that_are_no_numbers_are_no_best(faces: FaceIndex, tmp_path: Path) -> None:
    """The step before a check may be what spoils the weights: its losses are of those before."""
    run = trainer(faces, tmp_path)
    with torch.no_grad():
        for tensor in run.averaged.parameters():
            tensor.fill_(torch.nan)
    held_out = [collate([PairDataset(run.validation, 1, seed=3)[0]])]
    with pytest.raises(ValueError, match=r"^the scores .* are no numbers any more"):
        run.check(held_out, {})
    assert not [*tmp_path.iterdir()]
