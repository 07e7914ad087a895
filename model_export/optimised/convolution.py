"""Convolutions as ONNX knows them: any padding, batch norm and ReLU folded in."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

Pads = tuple[int, int, int, int]
"""Zeros added before top, left, then after bottom, right: the order of ONNX."""


class _Geometry(NamedTuple):
    strides: tuple[int, int]
    pads: Pads
    groups: int


class _PaddedConvolution(torch.autograd.Function):
    """Conv with unequal padding, exported as one node.

    torch has equal padding only; a node of its own for the rest copies the whole tensor.
    """

    @staticmethod
    def forward(
        _: Any, features: Tensor, weight: Tensor, bias: Tensor | None, geometry: _Geometry
    ) -> Tensor:
        top, left, bottom, right = geometry.pads
        padded = pad(features, (left, right, top, bottom))
        return conv2d(padded, weight, bias, geometry.strides, groups=geometry.groups)

    @staticmethod
    def symbolic(graph: Any, features: Any, weight: Any, bias: Any, geometry: _Geometry) -> Any:
        return graph.op(
            "Conv",
            *(features, weight, *([] if bias is None else [bias])),
            strides_i=geometry.strides,
            pads_i=geometry.pads,
            group_i=geometry.groups,
        )


class Convolution(nn.Module):
    """weight: float (O, I / groups, H, W); bias: float (O,) or None."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        strides: tuple[int, int] = (1, 1),
        pads: Pads = (0, 0, 0, 0),
        groups: int = 1,
        rectify: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().contiguous())
        self.register_buffer("bias", None if bias is None else bias.detach().contiguous())
        self.geometry = _Geometry(strides, pads, groups)
        self.rectify = rectify

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = _PaddedConvolution.apply(  # type: ignore[no-untyped-call]
            features, self.weight, self.bias, self.geometry
        )
        return result.relu() if self.rectify else result


def folded(
    layer: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d | None = None
) -> tuple[Tensor, Tensor]:
    """Weight, output channels first, and bias of a layer with its batch norm in evaluation mode.

    The taps of a transposed layer keep their order.
    """
    weight = layer.weight.detach()
    if isinstance(layer, nn.ConvTranspose2d):
        weight = weight.transpose(0, 1)
    bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias.detach()
    if norm is None:
        return weight, bias
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch norm without running statistics cannot be folded")
    scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    return (
        weight * scale[:, None, None, None],
        norm.bias.detach() + (bias - norm.running_mean) * scale,
    )


def flipped(weight: Tensor) -> Tensor:
    """The kernel of the convolution that a transposed one of stride 1 is (padding 1, 3 x 3)."""
    return weight.flip(2, 3)
