"""Neighbouring columns as channels: full vectors for layers of few channels.

ONNX Runtime computes as many output channels at once as a vector register holds floats: 16 with
AVX-512. A layer of 8 channels wastes half of that. Two neighbouring columns of 8 channels are 16
channels of a picture of half the width, and a convolution stays a convolution, of a wider kernel
with some zeros.
"""

import torch
from torch import Tensor

from model_export.optimised.convolution import Convolution, Pads


def grouped(
    weight: Tensor, bias: Tensor, *, stride: int, inputs: int = 1, outputs: int = 1
) -> Convolution:
    """A 3 x 3 convolution with padding 1 and ReLU between pictures of grouped columns.

    weight: float (O, I, 3, 3). inputs, outputs: columns in a group; channels are ordered by
    column, then channel. Takes (N, inputs * I, H, W / inputs), gives
    (N, outputs * O, H / stride, W / stride / outputs).
    """
    places = {}
    for column in range(outputs):
        for tap in range(3):
            group, member = divmod(stride * column + tap - 1, inputs)
            places[column, tap] = (group, member)
    first = min(group for group, _ in places.values())
    last = max(group for group, _ in places.values())
    channels_out, channels_in = weight.shape[:2]
    kernel = torch.zeros(outputs, channels_out, inputs, channels_in, 3, last - first + 1)
    for (column, tap), (group, member) in places.items():
        kernel[column, :, member, :, :, group - first] = weight[:, :, :, tap]
    step = stride * outputs // inputs
    pads: Pads = (1, -first, 2 - stride, max(0, last - step + 1))
    return Convolution(
        kernel.reshape(outputs * channels_out, inputs * channels_in, 3, -1),
        bias.repeat(outputs),
        strides=(stride, step),
        pads=pads,
        rectify=True,
    )
