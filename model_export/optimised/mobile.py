"""The stronger network, arranged for ONNX Runtime."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from model_export.networks.contract import (
    FAKE,
    REAL,
    half_activations,
    method_features,
    silence_loser,
    stronger_half,
)
from model_export.networks.mobile import TAPS, MobileNetwork, doubled
from model_export.optimised.convolution import Convolution, flipped, folded
from model_export.optimised.prologue import Prologue, to_bytes


class OptimisedMobile(nn.Module):
    """Same outputs as the plain export of the same network, within rounding.

    The encoder is what the runtime does best already; the decoder meets its skip connections by
    addition instead of concatenation, and draws its mask before enlarging it.
    """

    def __init__(self, network: MobileNetwork) -> None:
        super().__init__()
        self.lead = network.config.lead
        self.prologue = Prologue(network.config)
        self.features = deepcopy(network.features)
        _scale(self.features[0], self.prologue)
        self.project, self.shared, self.method = network.project, network.shared, network.method
        self.mask_8 = _Meeting(network.mask_8, TAPS[6])
        self.mask_4 = _Meeting(network.mask_4, TAPS[3])
        self.mask_2 = _Meeting(network.mask_2, TAPS[1])
        self.mask_out = _single_output(network.mask_out)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """image: uint8 (N, S, S, 3) RGB; the outputs of `Exportable` in its order."""
        features = self.prologue(image)
        taps: dict[int, Tensor] = {}
        for number, layer in enumerate(self.features):
            features = layer(features)
            if number in TAPS:
                taps[number] = features
        latent = self.project(features)
        activations = half_activations(latent, self.lead)
        winner = stronger_half(activations)
        mask = doubled(self.shared(silence_loser(latent, winner)))
        mask = doubled(self.mask_8(mask, taps[6]))
        mask = doubled(self.mask_4(mask, taps[3]))
        mask = doubled(self.mask_out(self.mask_2(mask, taps[1])))
        outputs = activations[:, FAKE], activations[:, REAL], to_bytes(mask[:, 0])
        return (*outputs, self.method(method_features(latent)))


class _Meeting(nn.Module):
    """A separable layer on two inputs side by side, without putting them side by side.

    Both of its convolutions are linear, so it is the sum of one on each input.
    """

    def __init__(self, separable: nn.Sequential, tapped: int) -> None:
        super().__init__()
        deep, point, norm = separable[0], separable[1], separable[2]
        if not isinstance(deep, nn.Conv2d) or not isinstance(point, nn.Conv2d):
            raise TypeError("a separable layer begins with two convolutions")
        if not isinstance(norm, nn.BatchNorm2d):
            raise TypeError("a separable layer's convolutions are normalised")
        weight, bias = folded(point, norm)
        own = deep.in_channels - tapped
        self.own = _branch(deep.weight[:own], weight[:, :own], bias)
        self.tap = _branch(deep.weight[own:], weight[:, own:], None)

    def forward(self, own: Tensor, tap: Tensor) -> Tensor:
        total: Tensor = self.own(own) + self.tap(tap)
        return total.relu()


def _branch(deep: Tensor, point: Tensor, bias: Tensor | None) -> nn.Sequential:
    return nn.Sequential(
        Convolution(deep, None, pads=(1, 1, 1, 1), groups=len(deep)), Convolution(point, bias)
    )


def _scale(first: nn.Module, prologue: Prologue) -> None:
    if not isinstance(first, nn.Sequential) or not isinstance(first[0], nn.Conv2d):
        raise TypeError("the encoder begins with a convolution")
    with torch.no_grad():
        first[0].weight.copy_(prologue.scaled(first[0].weight))


def _single_output(layer: nn.Conv2d) -> nn.ConvTranspose2d:
    """A 3 x 3 convolution to one channel as the transposed one it is.

    ONNX Runtime's convolution would compute a whole vector of output channels for the one.
    """
    single = nn.ConvTranspose2d(layer.in_channels, 1, 3, 1, 1)
    if layer.bias is None:
        raise TypeError("the mask layer has a bias")
    with torch.no_grad():
        single.weight.copy_(flipped(layer.weight).transpose(0, 1))
        single.bias = nn.Parameter(layer.bias.detach().clone())
    return single
