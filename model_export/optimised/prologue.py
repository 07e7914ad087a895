"""Bytes to the network's first layer."""

import torch
from torch import Tensor, nn

from model_export.networks.contract import NetworkConfig


class Prologue(nn.Module):
    """uint8 NHWC to float NCHW around zero: the division is left to the first layer's weights.

    The mean cannot be left to its bias: the layer's zero padding stands for the mean.
    """

    offset: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.register_buffer("offset", 255 * torch.tensor(config.mean).view(1, 3, 1, 1))
        self.scale = 1 / (255 * torch.tensor(config.std).view(1, 3, 1, 1))

    def scaled(self, weight: Tensor) -> Tensor:
        """The first layer's weight, float (O, 3, H, W), for what this gives."""
        return weight * self.scale

    def forward(self, image: Tensor) -> Tensor:
        """image: uint8 (N, S, S, 3) RGB. Transposed while it is bytes: a quarter to move."""
        return image.permute(0, 3, 1, 2).float() - self.offset


def to_bytes(mask_logits: Tensor) -> Tensor:
    """Logits (N, S, S) as grey levels, uint8."""
    return torch.round(torch.sigmoid(mask_logits) * 255).to(torch.uint8)
