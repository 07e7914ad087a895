"""A stronger Y-shaped autoencoder: the paper's halves on a MobileNetV2 encoder."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from model_export.networks.contract import (
    METHODS,
    NetworkConfig,
    NetworkOutput,
    Normalise,
    half_activations,
    method_features,
    silence_loser,
    stronger_half,
)
from model_export.networks.strided import StridedDepthwise

BLOCKS = (
    # expansion, channels, stride: the first 13 bottlenecks of MobileNetV2 (Sandler et al. 2018,
    # table 2). Deeper ones work at 8 x 8, where a mask has no shape left.
    (1, 16, 1), (6, 24, 2), (6, 24, 1), (6, 32, 2), (6, 32, 1), (6, 32, 1), (6, 64, 2),
    (6, 64, 1), (6, 64, 1), (6, 64, 1), (6, 96, 1), (6, 96, 1), (6, 96, 1),
)  # fmt: skip
TAPS = {1: 16, 3: 24, 6: 32}
"""Encoder layers whose features skip into the mask branch, and their channels: strides 2, 4, 8."""
HALF = 64


class Bottleneck(nn.Module):
    """An inverted residual block, its parameters named as in torchvision's checkpoint."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(_conv_bn(inputs, hidden, 1))
        layers += [
            _conv_bn(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.conv(features)
        return features + result if self.residual else result


def _conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    convolution: nn.Conv2d
    if stride == 2 and groups == inputs == outputs:
        convolution = StridedDepthwise(inputs)
    else:
        convolution = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class MobileNetwork(nn.Module):
    """MobileNetV2 to stride 16, projected onto the two halves; only the winner is decoded.

    Kept from the paper: one shared encoder, two latent halves of 64 channels whose mean
    activations compete, the loser silenced, a decoder shared by mask and reconstruction.
    Changed: the encoder, skip connections into the mask branch (a 16 x 16 latent cannot draw a
    polygon's edge), a reconstruction at a quarter of the cost (pixel shuffle), a method output
    on the fake half.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.normalise = Normalise(config)
        layers: list[nn.Module] = [_conv_bn(3, 32, 3, 2)]
        inputs = 32
        for expansion, outputs, stride in BLOCKS:
            layers.append(Bottleneck(inputs, outputs, stride, expansion))
            inputs = outputs
        self.features = nn.ModuleList(layers)
        self.project = nn.Sequential(
            nn.Conv2d(inputs, 2 * HALF, 1, bias=False), nn.BatchNorm2d(2 * HALF), nn.ReLU()
        )
        self.shared = _separable(2 * HALF, 64)
        self.mask_8 = _separable(64 + TAPS[6], 48)
        self.mask_4 = _separable(48 + TAPS[3], 32)
        self.mask_2 = _separable(32 + TAPS[1], 16)
        self.mask_out = nn.Conv2d(16, 1, 3, 1, 1)
        self.reconstruct_8 = _separable(64, 64)
        self.reconstruct_out = nn.Sequential(nn.Conv2d(64, 3 * 64, 1), nn.PixelShuffle(8))
        self.method = nn.Sequential(
            nn.Linear(2 * HALF, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, len(METHODS))
        )

    def forward(
        self, pictures: Tensor, winner: Tensor | None = None, reconstruct: bool = True
    ) -> NetworkOutput:
        """pictures: float (N, 3, S, S) in [0, 1]; winner: int64 (N,) true halves in training."""
        latent, taps = self.encode(pictures)
        activations = half_activations(latent, self.config.lead)
        if winner is None:
            winner = stronger_half(activations)
        shared = doubled(self.shared(silence_loser(latent, winner)))
        mask = doubled(self.mask_8(torch.cat((shared, taps[6]), 1)))
        mask = doubled(self.mask_4(torch.cat((mask, taps[3]), 1)))
        mask = doubled(self.mask_out(self.mask_2(torch.cat((mask, taps[1]), 1))))
        reconstruction = (
            torch.sigmoid(self.reconstruct_out(self.reconstruct_8(shared))) if reconstruct else None
        )
        method = self.method(method_features(latent))
        return NetworkOutput(activations, mask, reconstruction, method)

    def encode(self, pictures: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """Both halves, float (N, 2 * HALF, S / 16, S / 16), and the features at TAPS."""
        features = self.normalise(pictures)
        taps: dict[int, Tensor] = {}
        for number, layer in enumerate(self.features):
            features = layer(features)
            if number in TAPS:
                taps[number] = features
        return self.project(features), taps

    def load_imagenet(self, path: Path) -> int:
        """Start the encoder from torchvision's MobileNetV2 checkpoint; returns tensors taken.

        Raises ValueError when the file is not that checkpoint.
        """
        try:
            published = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            # A text, a file cut short and a refused pickle each raise another class in torch.
            raise ValueError(f"{path} cannot be read as a MobileNetV2 checkpoint") from error
        if not isinstance(published, dict):
            raise ValueError(f"{path} is not a MobileNetV2 checkpoint: it holds no table")
        own = self.features.state_dict()
        taken = {k: published.get(f"features.{k}") for k in own}
        missing = [k for k, v in taken.items() if getattr(v, "shape", None) != own[k].shape]
        if missing:
            raise ValueError(f"{path} is not a MobileNetV2 checkpoint: {missing[0]} is missing")
        self.features.load_state_dict(taken)
        return len(taken)


def doubled(features: Tensor) -> Tensor:
    """float (N, C, H, W) to float (N, C, 2 H, 2 W)."""
    return interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
