"""The paper's Y-shaped autoencoder (Nguyen et al., BTAS 2019), layer for layer."""

import torch
from torch import Tensor, nn

from model_export.networks.contract import (
    NetworkConfig,
    NetworkOutput,
    Normalise,
    half_activations,
    silence_loser,
    stronger_half,
)

ENCODER_CHANNELS = (8, 8, 16, 16, 32, 32, 64, 64, 128)
SHARED_CHANNELS = (64, 64, 32, 32)
BRANCH_CHANNELS = (16, 16, 8, 8)


def _down(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _up(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(inputs, outputs, 3, stride, 1, output_padding=stride - 1)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _chain(inputs: int, channels: tuple[int, ...], upwards: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for position, outputs in enumerate(channels):
        stride = 1 + position % 2
        layers += _up(inputs, outputs, stride) if upwards else _down(inputs, outputs, stride)
        inputs = outputs
    return layers


class PaperNetwork(nn.Module):
    """Encoder, two latent halves, one shared decoder, two branches.

    148,200 encoder, 138,816 shared, 8,930 segmentation and 9,003 reconstruction parameters at
    width 1. The layers are numbered as in the published checkpoints, so that those load.

    Deviations from the published code, each because the code contradicts its own purpose:
    - The segmentation branch ends in logits. The published branch ends in a softmax and is then
      trained with a cross-entropy that applies softmax again, so its loss cannot fall below
      0.3133. Logits of two channels become one by subtraction, which is the same model.
    - Every picture is normalised, by channel; the published slicing reached three pictures a
      batch. Mean and deviation 0.5 put pictures into [-1, 1], the range of the reconstruction's
      tanh, which cannot reach ImageNet's range. The reconstruction is given back in [0, 1].
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widen = config.width
        encoder = tuple(c * widen for c in ENCODER_CHANNELS)
        shared = tuple(c * widen for c in SHARED_CHANNELS)
        branch = tuple(c * widen for c in BRANCH_CHANNELS)
        self.normalise = Normalise(config)
        self.encoder = nn.Sequential(*_chain(3, encoder, upwards=False))
        self.shared = nn.Sequential(*_chain(encoder[-1], shared, upwards=True))
        self.segmenter = nn.Sequential(
            *_chain(shared[-1], branch, upwards=True), nn.ConvTranspose2d(branch[-1], 2, 3, 1, 1)
        )
        self.reconstructor = nn.Sequential(
            *_chain(shared[-1], branch, upwards=True), nn.ConvTranspose2d(branch[-1], 3, 3, 1, 1)
        )
        self.apply(_initialise)

    def forward(
        self, pictures: Tensor, winner: Tensor | None = None, reconstruct: bool = True
    ) -> NetworkOutput:
        """pictures: float (N, 3, S, S) in [0, 1]; winner: int64 (N,) true halves in training."""
        latent = self.encoder(self.normalise(pictures))
        activations = half_activations(latent, self.config.lead)
        if winner is None:
            winner = stronger_half(activations)
        decoded = self.shared(silence_loser(latent, winner))
        two = self.segmenter(decoded)
        reconstruction = (torch.tanh(self.reconstructor(decoded)) + 1) / 2 if reconstruct else None
        return NetworkOutput(activations, two[:, 1:2] - two[:, 0:1], reconstruction, None)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 0.5, 0.02)
        nn.init.zeros_(module.bias)
