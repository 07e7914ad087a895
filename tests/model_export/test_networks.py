"""The two presets: sizes, competing halves, one contract."""

import pytest
import torch

from model_export.networks.contract import (
    FAKE,
    METHODS,
    MOBILE_CONFIG,
    REAL,
    NetworkConfig,
    half_activations,
    silence_loser,
    stronger_half,
)
from model_export.networks.factory import build_network
from model_export.networks.mobile import MobileNetwork
from model_export.networks.paper import PaperNetwork

BOTH = [NetworkConfig(), MOBILE_CONFIG]


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_paper_preset_has_exactly_the_papers_parameters() -> None:
    network = build_network(NetworkConfig())
    assert isinstance(network, PaperNetwork)
    assert count(network.encoder) == 148_200
    assert count(network.shared) == 138_816
    assert count(network.segmenter) == 8_930
    assert count(network.reconstructor) == 9_003
    assert count(network) == 304_949


def test_width_widens_every_layer_but_the_outputs() -> None:
    wide = build_network(NetworkConfig(width=2))
    assert isinstance(wide, PaperNetwork)
    assert 3.5 * 148_200 < count(wide.encoder) < 4 * 148_200
    assert wide(torch.rand(1, 3, 64, 64)).mask_logits.shape == (1, 1, 64, 64)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="resnet"):
        build_network(NetworkConfig(preset="resnet"))  # type: ignore[arg-type]


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_every_preset_gives_the_same_kinds_of_output(config: NetworkConfig) -> None:
    network = build_network(config).eval()
    with torch.inference_mode():
        output = network(torch.rand(3, 3, 256, 256))
    assert output.activations.shape == (3, 2)
    assert bool((output.activations >= 0).all())
    assert output.mask_logits.shape == (3, 1, 256, 256)
    assert output.reconstruction is not None
    assert output.reconstruction.shape == (3, 3, 256, 256)
    assert 0 <= float(output.reconstruction.min()) <= float(output.reconstruction.max()) <= 1
    if config.preset == "mobile":
        assert output.method_logits is not None
        assert output.method_logits.shape == (3, len(METHODS))
    else:
        assert output.method_logits is None


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_a_picture_is_judged_alike_alone_and_in_a_batch(config: NetworkConfig) -> None:
    # The published normalisation reached only the first three pictures of a batch.
    network = build_network(config).eval()
    batch = torch.rand(5, 3, 64, 64)
    with torch.inference_mode():
        together, alone = network(batch), network(batch[4:])
    assert torch.allclose(together.activations[4:], alone.activations, atol=1e-5)


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_the_stronger_half_alone_is_decoded(config: NetworkConfig) -> None:
    # Of some fresh networks the decoder gives the same for either half.
    torch.manual_seed(0)
    network = build_network(config).eval()
    pictures = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        free = network(pictures)
        chosen = stronger_half(free.activations)
        told = network(pictures, winner=chosen)
        other = network(pictures, winner=1 - chosen)
    assert torch.equal(free.mask_logits, told.mask_logits)
    assert not torch.equal(free.mask_logits, other.mask_logits)


def test_activations_are_the_mean_absolute_features_of_each_half() -> None:
    latent = torch.zeros(1, 4, 2, 2)
    latent[0, :2] = -3.0
    latent[0, 2:] = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert half_activations(latent).tolist() == [[3.0, 0.25]]


def test_the_losing_half_is_silenced() -> None:
    latent = torch.ones(2, 4, 1, 1)
    gated = silence_loser(latent, torch.tensor([FAKE, REAL]))
    assert gated[0].flatten().tolist() == [1, 1, 0, 0]
    assert gated[1].flatten().tolist() == [0, 0, 1, 1]


def test_a_tie_goes_to_real() -> None:
    assert stronger_half(torch.tensor([[1.0, 1.0], [2.0, 1.0]])).tolist() == [REAL, FAKE]


def test_a_configuration_survives_a_checkpoints_round_trip() -> None:
    assert NetworkConfig.from_dict(MOBILE_CONFIG.to_dict()) == MOBILE_CONFIG


def test_the_stronger_network_is_small_enough_to_ship() -> None:
    network = build_network(MOBILE_CONFIG)
    assert isinstance(network, MobileNetwork)
    assert count(network) * 4 < 3 * 2**20
