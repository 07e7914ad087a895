"""Training: it learns, it resumes, it leaves its figures behind."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.checkpoint import load_checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.pairs import PairDataset, collate
from model_export.losses import NO_METHOD
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL, NetworkConfig
from model_export.networks.factory import build_network
from model_export.train import TrainConfig, Trainer, start
from service.faces.crop import CropRule

SHORT = TrainConfig(
    pictures=16, batch=8, validation_pairs=4, validate_every=8, workers=0, rate=1e-3
)


@pytest.fixture(scope="module")
def forge(faces: FaceIndex) -> Forge:
    return Forge(faces, CropRule(size=64))


def trainer(forge: Forge, folder: Path, config: TrainConfig = SHORT) -> Trainer:
    torch.manual_seed(0)
    return Trainer(build_network(NetworkConfig(size=64)), forge, forge, config, folder)


def test_a_batch_holds_every_fake_beside_its_own_real(forge: Forge) -> None:
    batch = collate([PairDataset(forge, 4, seed=1)[k] for k in range(4)])
    truth = batch.truth(torch.device("cpu"))
    assert truth.winner.tolist() == [REAL] * 4 + [FAKE] * 4
    assert truth.masks[:4].max() == 0
    assert bool((truth.masks[4:].amax((1, 2, 3)) > 0.5).all())
    assert truth.methods[:4].tolist() == [NO_METHOD] * 4
    outside = truth.masks[4:] == 0
    difference = (truth.pictures[4:] - truth.pictures[:4]).abs().mean(1, keepdim=True)
    assert difference[outside].mean() < difference[~outside].mean()


def test_the_same_seed_gives_the_same_pictures(forge: Forge) -> None:
    first, again = (PairDataset(forge, 3, seed=5)[2] for _ in range(2))
    other = PairDataset(forge, 3, seed=6)[2]
    assert np.array_equal(first.fake, again.fake)
    assert not np.array_equal(first.fake, other.fake)


def test_steps_on_one_batch_lower_every_loss(forge: Forge, tmp_path: Path) -> None:
    long = TrainConfig(pictures=100_000, batch=8, workers=0, rate=2e-3)
    run = trainer(forge, tmp_path, long)
    batch = collate([PairDataset(forge, 4, seed=1)[k] for k in range(4)])
    first = run.step(batch)
    for _ in range(60):
        run.seen += 200
        last = run.step(batch)
    assert set(first) == {"activation", "segmentation", "reconstruction"}
    assert all(last[name] < first[name] for name in first)


def test_a_run_leaves_figures_and_checkpoints(forge: Forge, tmp_path: Path) -> None:
    best = trainer(forge, tmp_path).run()
    assert load_checkpoint(best).config == NetworkConfig(size=64)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["pictures"]) for row in rows] == [8, 16]
    assert 0 <= float(rows[-1]["auc"]) <= 1
    assert 0 <= float(rows[-1]["eer"]) <= 1
    assert json.loads((tmp_path / "train.json").read_text())["train"]["pictures"] == 16


def test_a_cut_run_goes_on_where_it_stopped(forge: Forge, tmp_path: Path) -> None:
    first = trainer(forge, tmp_path)
    first.run()
    again = trainer(forge, tmp_path, TrainConfig(pictures=24, batch=8, workers=0))
    again.resume(tmp_path / "last.pt")
    assert again.seen == 16
    assert again.optimiser.state_dict()["state"]
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name])


def test_the_learning_rate_follows_a_cosine_to_zero(forge: Forge, tmp_path: Path) -> None:
    run = trainer(forge, tmp_path, TrainConfig(pictures=100_000, batch=8, workers=0))
    rates = []
    for seen in (0, 10_000, 50_000, 100_000):
        run.seen = seen
        run._set_rate()
        rates.append(run.optimiser.param_groups[0]["lr"])
    assert rates[0] < rates[1] / 10
    assert rates[1] > rates[2] > rates[3]
    assert rates[2] == pytest.approx(run.config.rate / 2)


def test_only_the_mobile_preset_takes_imagenet_weights(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mobile"):
        start(NetworkConfig(), tmp_path / "w.pth")
    torch.save({"features.0.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="MobileNetV2"):
        start(MOBILE_CONFIG, tmp_path / "w.pth")
