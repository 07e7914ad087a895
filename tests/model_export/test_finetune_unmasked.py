"""Fine-tuning on fakes whose masks nobody drew."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model_export.checkpoint import Checkpoint
from model_export.cli import main
from model_export.finetune import FinetuneConfig, finetune, judge_held_out
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL, NetworkOutput
from model_export.networks.factory import build_network
from model_export.networks.mobile import MobileNetwork
from model_export.sources.sample import Sample
from tests.model_export.labelled import save, write_folders

SMALL = replace(MOBILE_CONFIG, size=64)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Crops of both classes, no mask among them."""
    crops = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
    return [
        Sample(crop, number % 2 == 0, None, None, str(number)) for number, crop in enumerate(crops)
    ]


@pytest.fixture
def fresh() -> Checkpoint:
    torch.manual_seed(0)
    return Checkpoint(SMALL, build_network(SMALL).state_dict())


def test_they_teach_the_mask_nothing(
    samples: list[Sample], fresh: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: dict[int, list[float]] = {FAKE: [], REAL: []}
    forward = MobileNetwork.forward

    def noted(
        network: MobileNetwork, pictures: Tensor, winner: Tensor | None, reconstruct: bool
    ) -> NetworkOutput:
        output = forward(network, pictures, winner, reconstruct)
        if winner is not None:
            sides = winner.tolist()

            def note(gradient: Tensor) -> None:
                for side, each in zip(sides, gradient, strict=True):
                    taught[side].append(float(each.abs().max()))

            output.mask_logits.register_hook(note)  # type: ignore[no-untyped-call]
        return output

    monkeypatch.setattr(MobileNetwork, "forward", noted)
    finetune(fresh, samples, FinetuneConfig(epochs=1, batch=4))
    assert max(taught[FAKE]) == 0
    assert min(taught[REAL]) > 0


def test_held_out_their_masks_count_for_nothing(samples: list[Sample], fresh: Checkpoint) -> None:
    network = fresh.build()
    assert isinstance(network, MobileNetwork)
    bias = network.mask_out.bias
    assert bias is not None
    losses = []
    for level in (-40.0, 0.0, 40.0):
        bias.data.fill_(level)
        losses.append(judge_held_out(network, samples, torch.device("cpu")).losses)
    of_fakes = [each[::2].tolist() for each in losses]
    assert of_fakes[0] == of_fakes[1] == of_fakes[2]
    assert losses[0][1] < losses[1][1] < losses[2][1]


def test_fakes_whose_masks_cannot_be_used_are_learnt_from_and_it_is_said(
    fresh: Checkpoint,
    astronaut: NDArray[np.uint8],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = write_folders(tmp_path / "data", astronaut)
    for mask in (data / "masks").rglob("*.png"):
        save(mask, np.ones((512, 512), np.uint8))
    fresh.save(tmp_path / "a.pt")
    command = ["finetune", str(tmp_path / "a.pt"), str(data), "-o", str(tmp_path / "b.pt")]
    assert main([*command, "--epochs", "1", "--frames", "1"]) == 0
    told = capsys.readouterr().out
    assert "0 of 4 crops of fakes have a mask" in told
    assert "masks that cannot be used (their fakes count without one), 3: fake/Deepfakes/0" in told
