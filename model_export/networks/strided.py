"""Depthwise convolutions of stride 2 that learn as fast as the others."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

PLACES = ([2, 2], [1, 1], [1, 1], False, [0, 0])
"""Stride, padding, dilation, transposed, output padding."""


class _FastBackward(torch.autograd.Function):
    """The gradient of the features in float32, that of the weights as they come.

    WHY: oneDNN has no fast kernel for the former in bfloat16 (measured for 32 crops of
    96 x 128 x 128 on one core with AVX-512: 315 ms, 27 ms in float32).
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
        wide = (gradient.float(), features.float(), weight.float())
        by_features = backward(*wide, None, *PLACES, groups, [True, False, False])[0]
        narrow = (gradient, features, weight)
        by_weight = backward(*narrow, None, *PLACES, groups, [False, True, False])[1]
        return by_features.to(features.dtype), by_weight


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
