"""Transposed convolutions of stride 2 without a transposed convolution."""

import torch
from torch import Tensor, nn

from model_export.optimised.convolution import Convolution

ROWS = {0: ((0, 1),), 1: ((0, 2), (1, 0))}
"""Which input pixels an even (0) or odd (1) output pixel sees: (offset, tap of the kernel)."""


class Doubling(nn.Module):
    """A 3 x 3 transposed convolution, stride 2, padding 1, output padding 1, then ReLU.

    Even and odd output rows are one ordinary convolution each, whose channels are the columns;
    nine of its sixteen taps per output pixel pair are used, none twice. Put together in NHWC
    order both steps of the interleaving move long stretches of memory; ONNX Runtime's
    DepthToSpace moves single numbers and takes longer than the convolution.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, side: int, inputs: int) -> None:
        """weight: float (O, I, 3, 3), output channels first, taps as in ConvTranspose2d.

        side: height and width of the input picture. inputs: columns that are grouped in its
        channels, see `columns`.
        """
        super().__init__()
        self.side, self.channels = side, len(weight)
        self.even = _rows(weight, bias, 0, inputs)
        self.odd = _rows(weight, bias, 1, inputs)

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs * I, side, side / inputs) to (N, O, 2 side, 2 side)."""
        stretch = (-1, self.side, 1, 2 * self.side * self.channels)
        both = (self.even(features), self.odd(features))
        halves = [rows.permute(0, 2, 3, 1).reshape(stretch) for rows in both]
        joined = torch.cat(halves, 2).reshape(-1, 2 * self.side, 2 * self.side, self.channels)
        return joined.permute(0, 3, 1, 2)


def _rows(weight: Tensor, bias: Tensor, parity: int, inputs: int) -> Convolution:
    channels_out, channels_in = weight.shape[:2]
    columns = 2 * inputs
    kernel = torch.zeros(columns, channels_out, inputs, channels_in, 1 + parity, 2)
    for column in range(columns):
        for right, tap in ROWS[column % 2]:
            group, member = divmod(column // 2 + right, inputs)
            for down, row_tap in ROWS[parity]:
                kernel[column, :, member, :, down, group] = weight[:, :, row_tap, tap]
    return Convolution(
        kernel.reshape(columns * channels_out, inputs * channels_in, 1 + parity, 2),
        bias.repeat(columns),
        pads=(0, 0, parity, 1),
        rectify=True,
    )
