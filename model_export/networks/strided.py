"""Depthwise convolutions of stride 2 that learn as fast as the others."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

PLACES = ([2, 2], [1, 1], [1, 1], False, [0, 0])
"""Stride, padding, dilation, transposed, output padding."""


class _FastBackward(torch.autograd.Function):
    """The gradient of the features as a forward convolution of stride 1.

    WHY: oneDNN has no fast kernel for it at stride 2 (measured for 32 crops of 96 x 128 x 128 on
    one core with AVX-512: 393 ms in bfloat16, 364 ms by way of float32, 113 ms like this).
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        return conv2d(features, weight, None, 2, 1, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        features, weight = ctx.saved_tensors
        groups = len(weight)
        backward = torch.ops.aten.convolution_backward
        spread = torch.zeros_like(features)
        spread[:, :, ::2, ::2] = gradient
        by_features = conv2d(spread, weight.flip(2, 3), None, 1, 1, 1, groups)
        given = (gradient, features, weight)
        by_weight = backward(*given, None, *PLACES, groups, [False, True, False])[1]
        return by_features, by_weight


class StridedDepthwise(nn.Conv2d):
    """3 x 3, stride 2, padding 1, one kernel a channel, no bias."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, 2, 1, groups=channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """float (N, C, H, W) to float (N, C, H / 2, W / 2)."""
        if self.training and features.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            kind = torch.get_autocast_dtype("cpu")
            learned: Tensor = _FastBackward.apply(  # type: ignore[no-untyped-call]
                features.to(kind), self.weight.to(kind)
            )
            return learned
        return super().forward(features)
