"""Fine-tuning on few labelled pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.finetune import (
    FinetuneConfig,
    augment,
    finetune,
    judge_held_out,
    split_groups,
)
from model_export.held_out import last_good
from model_export.networks.contract import METHODS, MOBILE_CONFIG, NetworkConfig, NetworkOutput
from model_export.networks.factory import build_network
from model_export.restore import restore
from model_export.sources.folders import FolderSource
from model_export.sources.sample import Sample
from service.faces.crop import CropRule
from tests.model_export.labelled import write_folders

SMALL_MOBILE = replace(MOBILE_CONFIG, size=64)


@pytest.fixture(scope="module")
def folder(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("labelled"), astronaut, 6)


@pytest.fixture(scope="module")
def samples(folder: Path) -> list[Sample]:
    return [*FolderSource(folder, CropRule(size=64), frames=2).samples()]


def settled_weights(samples: list[Sample]) -> dict[str, torch.Tensor]:
    """Fresh weights whose batch statistics have seen faces: fine-tuning keeps those."""
    network = build_network(SMALL_MOBILE).train()
    crops = torch.from_numpy(np.stack([s.crop for s in samples])).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        for _ in range(20):
            network(crops)
    return network.state_dict()


def test_a_few_epochs_teach_a_manipulation_anyone_can_see(samples: list[Sample]) -> None:
    torch.manual_seed(0)
    before = Checkpoint(SMALL_MOBILE, settled_weights(samples), {"name": "kept"})
    plan = FinetuneConfig(epochs=16, batch=8, rate=1e-3, augment=0.2)
    after = finetune(before, samples, plan)
    record = after.facts["finetuned"]
    assert record["after"]["loss"] < 0.8 * record["before"]["loss"]
    assert record["after"]["auc"] > 0.9
    assert record["methods"] == ["Deepfakes", "fake"]
    assert after.facts["name"] == "kept"
    assert "finetuned" not in before.facts
    assert after.build() is not None


def test_encoder_and_decoder_move_and_batch_statistics_stay(samples: list[Sample]) -> None:
    torch.manual_seed(0)
    config = SMALL_MOBILE
    weights = build_network(config).state_dict()
    before = {name: value.clone() for name, value in weights.items()}
    plan = FinetuneConfig(epochs=2, batch=8, rate=1e-3)
    after = finetune(Checkpoint(config, weights), samples, plan)
    assert after.facts["finetuned"]["epoch"] > 0
    moved = {name for name in before if not torch.equal(before[name], after.weights[name])}
    assert any(name.startswith("features.0") for name in moved)
    assert any(name.startswith("mask_out") for name in moved)
    assert not any("running_" in name for name in moved)


def test_a_method_never_seen_does_not_undo_what_the_encoder_knows(samples: list[Sample]) -> None:
    """A head that is sure of another method errs enormously; nothing but the head may learn it."""
    torch.manual_seed(0)
    weights = settled_weights(samples)
    sure = {name: value.clone() for name, value in weights.items()}
    sure["method.3.bias"][METHODS.index("deepfakes")] = -1e4
    plan = FinetuneConfig(epochs=1, batch=8, augment=0.0)
    calm, erring = (
        finetune(Checkpoint(SMALL_MOBILE, each), samples, plan).weights for each in (weights, sure)
    )
    for name in calm:
        same = torch.equal(calm[name], erring[name])
        assert same == (not name.startswith("method")), name


def test_held_out_pictures_tell_a_mask_that_is_gone(samples: list[Sample]) -> None:
    torch.manual_seed(0)
    network = build_network(NetworkConfig(size=64))
    truth = torch.zeros(1, 1, 64, 64)

    def draw(_: object, inputs: tuple[torch.Tensor, ...], output: NetworkOutput) -> NetworkOutput:
        return output._replace(mask_logits=truth)

    network.register_forward_hook(draw)
    fakes = [sample for sample in samples if sample.mask is not None]
    sample = fakes[0]
    assert sample.mask is not None
    both = [sample, next(each for each in samples if not each.fake)]
    drawn = torch.from_numpy(sample.mask)[None, None].float() / 255
    losses = []
    for strength in (1.0, 0.0):
        truth = 40 * (strength * drawn - 0.5)
        losses.append(judge_held_out(network, both, torch.device("cpu")).losses[0])
    assert losses[1] > losses[0] + 0.5


def test_a_missed_fake_is_held_to_have_no_mask(samples: list[Sample]) -> None:
    """As in use: the half that the network takes for the winner is the one that is decoded."""
    torch.manual_seed(0)
    network = build_network(NetworkConfig(size=64))
    told: list[object] = []
    network.register_forward_pre_hook(lambda _, given: told.append(given[1]))
    judge_held_out(network, samples, torch.device("cpu"))
    assert told == [None] * len(samples)


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        ([[1.0, 1.0, 1.0], [0.5, 0.6, 0.5], [0.6, 0.5, 0.5]], 2),
        ([[1.0, 1.0, 1.0], [0.5, 0.6, 0.5], [0.9, 0.9, 0.8]], 1),
        ([[0.5, 0.5, 0.4], [0.9, 1.0, 0.9], [0.9, 0.9, 0.9]], 0),
        ([[0.5, 0.5, 0.5], [0.2, 1.4, 0.5], [0.3, 1.2, 0.4]], 2),
        ([[1.0], [0.5], [0.1]], 2),
        ([[1.0], [0.5], [0.6]], 1),
    ],
)
def test_the_last_epoch_is_taken_that_is_not_clearly_worse_than_the_best(
    losses: list[list[float]], chosen: int
) -> None:
    assert last_good([np.array(each) for each in losses]) == chosen


@pytest.mark.parametrize(("fakes", "batch"), [(6, 3), (2, 4)])
def test_the_rate_has_fallen_to_nothing_at_the_end(
    samples: list[Sample], fakes: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the classes are not equally many, or batches odd."""
    rates = []

    class Noted(torch.optim.lr_scheduler.CosineAnnealingLR):
        def step(self, epoch: int | None = None) -> None:
            super().step(epoch)
            rates.append(self.get_last_lr()[0])

    monkeypatch.setattr(torch.optim.lr_scheduler, "CosineAnnealingLR", Noted)
    reals = [s for s in samples if not s.fake]
    few = [*reals, *[s for s in samples if s.fake and s.group != reals[0].group][:fakes]]
    torch.manual_seed(0)
    weights = build_network(SMALL_MOBILE).state_dict()
    plan = FinetuneConfig(epochs=2, batch=batch, rate=1e-3)
    finetune(Checkpoint(SMALL_MOBILE, weights), few, plan)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-8


def test_the_mask_moves_with_its_crop(samples: list[Sample]) -> None:
    sample = next(s for s in samples if s.mask is not None)
    assert sample.mask is not None
    marked = Sample(np.dstack([sample.mask] * 3), True, "x", sample.mask, "g")
    moved = augment(marked, FinetuneConfig(augment=0), np.random.default_rng(1))
    assert moved.mask is not None
    assert not np.array_equal(moved.mask, sample.mask)
    np.testing.assert_array_equal(moved.crop[..., 0], moved.mask)


def test_the_command_writes_a_checkpoint(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict()).save(tmp_path / "a.pt")
    command = ["finetune", str(tmp_path / "a.pt"), str(folder), "-o", str(tmp_path / "b.pt")]
    assert main([*command, "--epochs", "1", "--frames", "1"]) == 0
    assert "finetuned" in load_checkpoint(tmp_path / "b.pt").facts
    assert "held-out crops" in capsys.readouterr().out


def test_the_shipped_model_can_be_fine_tuned(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"
    command = ["finetune", str(shipped), str(folder), "-o", str(tmp_path / "tuned.pt")]
    assert main([*command, "--epochs", "1", "--frames", "2"]) == 0
    assert "before: AUC" in capsys.readouterr().out
    tuned = load_checkpoint(tmp_path / "tuned.pt")
    assert tuned.facts["licence"]
    # What makes it see and judge as it did before goes with it.
    assert tuned.config == restore(shipped).config
    assert tuned.facts["crop"] == restore(shipped).facts["crop"]
    # But it is another one, and says so.
    assert tuned.facts["version"] == restore(shipped).facts["version"] + "+finetuned"
    assert "; fine-tuned on " in tuned.facts["training_data"]
    words = ["finetune", str(tmp_path / "tuned.pt"), str(folder), "-o", str(tmp_path / "again.pt")]
    assert main([*words, "--epochs", "1", "--frames", "2"]) == 0
    again = load_checkpoint(tmp_path / "again.pt")
    assert again.facts["version"] == tuned.facts["version"]


def test_a_clip_is_never_in_both_parts(samples: list[Sample]) -> None:
    learned, held_out = split_groups(samples, FinetuneConfig(held_out=0.5))
    assert not {s.group for s in learned} & {s.group for s in held_out}
    for part in (learned, held_out):
        assert {s.fake for s in part} == {True, False}
    assert len(learned) + len(held_out) == len(samples)


def test_one_picture_of_a_class_is_too_few(samples: list[Sample]) -> None:
    few = [s for s in samples if not s.fake] + [s for s in samples if s.fake][:1]
    with pytest.raises(ValueError, match="at least two pictures or clips of fakes"):
        split_groups(few, FinetuneConfig())
