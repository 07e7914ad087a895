"""Fine-tuning on fakes whose masks nobody drew."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model_export.checkpoint import Checkpoint
from model_export.finetune import FinetuneConfig, finetune, judge_held_out
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL, NetworkOutput
from model_export.networks.factory import build_network
from model_export.networks.mobile import MobileNetwork
from model_export.sources.sample import Sample

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
