"""Channels before a depthwise convolution, brought to one range: 8 bits then serve them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_LARGEST_FACTOR = 8.0
"""A channel that was hardly active on the pictures may be more so on others."""
_HEADROOM = 0.9
"""Share of the clip's upper bound that a channel's maximum is brought to."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Link:
    """A convolution whose clipped output goes into a depthwise convolution and nowhere else.

    output: name of the clipped output, (N, C, H, W). bound: the clip's upper bound.
    """

    before: onnx.NodeProto
    after: onnx.NodeProto
    output: str
    bound: float


def find_links(model: onnx.ModelProto, leave: Sequence[str]) -> list[Link]:
    """All links of a model whose weights and bounds are initialisers.

    leave: names of convolutions that are not to be changed.
    """
    weights = {each.name: each for each in model.graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return [
        Link(before, after, clip.output[0], float(numpy_helper.to_array(weights[clip.input[2]])))
        for before in model.graph.node
        if before.op_type == "Conv" and before.name not in leave and len(before.input) == 3
        for clip in _only(users, before, "Clip")
        if len(clip.input) == 3 and clip.input[2] in weights
        for after in _only(users, clip, "Conv")
        if {*before.input[1:], after.input[1]} <= weights.keys()
        and weights[after.input[1]].dims[1] == 1
        and weights[after.input[1]].dims[0] == weights[before.input[1]].dims[0]
    ]


def with_outputs(model: onnx.ModelProto, links: Sequence[Link]) -> onnx.ModelProto:
    """A copy that also gives the links' outputs, to be measured."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for link in links:
        info = helper.make_tensor_value_info(link.output, onnx.TensorProto.FLOAT, None)
        copy.graph.output.append(info)
    return copy


def equalise(model: onnx.ModelProto, links: Sequence[Link], maxima: Sequence[Values]) -> None:
    """Enlarge the weaker channels of each link, and undo it in the depthwise weights, in place.

    maxima: for each link the largest value of each channel on typical pictures, float (C,).
    What the model computes stays the same as long as no channel reaches the clip's bound that
    did not before. After Nagel et al., "Data-Free Quantization Through Weight Equalization and
    Bias Correction" (ICCV 2019), but by the ranges of activations: depthwise weights have a
    scale for each channel in 8 bits anyway, activations one for all.
    """
    weights = {each.name: each for each in model.graph.initializer}
    for link, most in zip(links, maxima, strict=True):
        goal = np.float32(_HEADROOM * link.bound)
        factor = np.maximum(goal / np.maximum(most, goal / _LARGEST_FACTOR), np.float32(1))
        kernel, bias = link.before.input[1:]
        _multiply(weights[kernel], factor[:, None, None, None])
        _multiply(weights[bias], factor)
        _multiply(weights[link.after.input[1]], np.reciprocal(factor)[:, None, None, None])


def _only(
    users: dict[str, list[onnx.NodeProto]], node: onnx.NodeProto, kind: str
) -> Iterator[onnx.NodeProto]:
    found = users.get(node.output[0], [])
    if len(found) == 1 and found[0].op_type == kind and found[0].input[0] == node.output[0]:
        yield found[0]


def _multiply(weight: onnx.TensorProto, factor: Values) -> None:
    changed = numpy_helper.to_array(weight) * factor
    weight.CopyFrom(numpy_helper.from_array(changed.astype(np.float32), weight.name))
