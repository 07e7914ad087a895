"""The paper's network, arranged for ONNX Runtime."""

import torch
from torch import Tensor, nn

from model_export.networks.contract import FAKE, REAL, half_activations
from model_export.networks.paper import PaperNetwork
from model_export.optimised.columns import grouped
from model_export.optimised.convolution import flipped, folded
from model_export.optimised.doubling import Doubling
from model_export.optimised.prologue import Prologue, to_bytes
from model_export.optimised.winner import WinnerConvolution


class OptimisedPaper(nn.Module):
    """Same outputs as the plain export of the same network, within rounding."""

    def __init__(self, network: PaperNetwork) -> None:
        super().__init__()
        self.lead = network.config.lead
        self.prologue = Prologue(network.config)
        self.encoder = nn.Sequential(*_encoder(network, self.prologue))
        layers = _layers(network.shared) + _layers(network.segmenter)[:-1]
        side = network.config.size // 16
        weight, bias = layers[0]
        self.winner = WinnerConvolution(flipped(weight), bias, side)
        self.decoder = nn.Sequential(*_decoder(layers, side))
        self.last = _difference(network.segmenter[-1])

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """image: uint8 (N, S, S, 3) RGB; the outputs of `Exportable` in its order."""
        latent = self.encoder(self.prologue(image))
        activations = half_activations(latent, self.lead)
        decoded = self.decoder(self.winner(latent, activations))
        mask = to_bytes(self.last(decoded)[:, 0])
        return activations[:, FAKE], activations[:, REAL], mask


def _layers(chain: nn.Sequential) -> list[tuple[Tensor, Tensor]]:
    """Folded weights and biases of a chain of convolution, batch norm, ReLU."""
    found = []
    modules = list(chain)
    for position, layer in enumerate(modules):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            norm = modules[position + 1] if position + 1 < len(modules) else None
            found.append(folded(layer, norm if isinstance(norm, nn.BatchNorm2d) else None))
    return found


def _encoder(network: PaperNetwork, prologue: Prologue) -> list[nn.Module]:
    (first, first_bias), (second, second_bias), *rest = _layers(network.encoder)
    modules: list[nn.Module] = [
        grouped(prologue.scaled(first), first_bias, stride=1, outputs=2),
        grouped(second, second_bias, stride=2, inputs=2),
    ]
    for position, (weight, bias) in enumerate(rest):
        modules.append(grouped(weight, bias, stride=1 + position % 2))
    return modules


def _decoder(layers: list[tuple[Tensor, Tensor]], side: int) -> list[nn.Module]:
    """Everything between the first and the last decoder layer: strides 2 and 1 in turn."""
    modules: list[nn.Module] = []
    columns = 1
    for position, (weight, bias) in enumerate(layers[1:]):
        if position % 2 == 0:
            modules.append(Doubling(weight, bias, side=side, inputs=columns))
            side, columns = 2 * side, 1
        else:
            # The doubling that follows takes its columns in pairs where that fills the vectors.
            columns = 2 if len(weight) < 16 else 1
            modules.append(grouped(flipped(weight), bias, stride=1, outputs=columns))
    return modules


def _difference(last: nn.Module) -> nn.ConvTranspose2d:
    """The two mask channels as their difference: one channel, half the work.

    It stays transposed: with a single output channel that is the faster kernel.
    """
    if not isinstance(last, nn.ConvTranspose2d) or last.bias is None:
        raise TypeError("the segmentation branch must end in a transposed convolution")
    single = nn.ConvTranspose2d(last.in_channels, 1, 3, 1, 1)
    with torch.no_grad():
        single.weight.copy_(last.weight[:, 1:2] - last.weight[:, 0:1])
        single.bias = nn.Parameter(last.bias[1:2] - last.bias[0:1])
    return single
