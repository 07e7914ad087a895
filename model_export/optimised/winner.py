"""The first decoder layer, on the winning half alone."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from model_export.networks.contract import split_halves, stronger_half


class WinnerConvolution(nn.Module):
    """A 3 x 3 convolution with padding 1 and ReLU of a latent whose weaker half is silent.

    Each crop has a winner of its own, so each takes one half of the features and the half of
    the weights that belongs to it: a batched matrix product, which no convolution can be.
    """

    weights: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, side: int) -> None:
        """weight: float (O, 2C, 3, 3), for both halves; side: height and width of the latent."""
        super().__init__()
        self.side = side
        outputs, inputs = weight.shape[:2]
        halves = weight.reshape(outputs, 2, inputs // 2, 3, 3).permute(1, 0, 3, 4, 2)
        self.register_buffer("weights", halves.flatten(2).contiguous())
        self.register_buffer("bias", bias[:, None].clone())

    def forward(self, latent: Tensor, activations: Tensor) -> Tensor:
        """latent: float (N, 2C, side, side); activations: float (N, 2). Gives (N, O, ...)."""
        winner = stronger_half(activations)
        halves = split_halves(latent)
        half = torch.where(winner[:, None, None, None] == 1, halves[:, 1], halves[:, 0])
        padded, side = pad(half, (1, 1, 1, 1)), self.side
        taps = [padded[:, :, y : y + side, x : x + side] for y in range(3) for x in range(3)]
        columns = torch.cat(taps, 1).reshape(-1, self.weights.shape[2], side * side)
        product = torch.matmul(self.weights[winner], columns) + self.bias
        return product.relu().reshape(-1, self.weights.shape[1], side, side)
