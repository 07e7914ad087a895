"""A switch in the graph: crops that nobody needs a mask of do not pay for the decoder."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from service.inference.model_file import MASK_FLOOR

_MASK = "mask"


def make_mask_optional(model: onnx.ModelProto) -> None:
    """Put the nodes that only `mask` needs behind a comparison with `mask_floor`, in place.

    That becomes an input with a default: float scalar, minus infinity unless it is given. Masks are
    drawn when any crop of the batch has fake_activation - real_activation above it; plus infinity
    asks for none. A batch without masks has a `mask` of shape (0, S, S).
    ONNX Runtime computes every output, asked for or not, so leaving `mask` out of a run's
    outputs saves nothing. Raises ValueError where no node belongs to the mask alone.
    """
    graph = model.graph
    # The tracing exporter loses the size of what comes after a reshape; the input has it.
    shape = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim][1:3]
    others = [output.name for output in graph.output if output.name != _MASK]
    kept = _needed(graph, others)
    decoder = [node for node in graph.node if not kept.intersection(node.output)]
    if not decoder:
        raise ValueError("no part of the graph is needed by the mask alone")
    _rename(decoder, _MASK, "drawn_mask")
    decoder = [*_own_dequantisation(graph, decoder), *decoder]
    used_outside = {name for node in graph.node if node not in decoder for name in node.input}
    used_inside = {name for node in decoder for name in node.input}
    own = [w for w in graph.initializer if w.name in used_inside - used_outside]
    then_branch = helper.make_graph(
        decoder, "draw", [], [_mask_info("drawn_mask", shape)], initializer=own
    )
    empty = numpy_helper.from_array(np.zeros((0, *shape), np.uint8), "no_mask_value")
    else_branch = helper.make_graph(
        [helper.make_node("Constant", [], ["no_mask"], value=empty)],
        "skip",
        [],
        [_mask_info("no_mask", shape)],
    )
    switch = helper.make_node(
        "If", ["mask_wanted"], [_MASK], then_branch=then_branch, else_branch=else_branch
    )
    remaining = [node for node in graph.node if kept.intersection(node.output)]
    drawn = next(output for output in graph.output if output.name == _MASK)
    for place, side in enumerate(shape, 1):
        drawn.type.tensor_type.shape.dim[place].dim_value = side
    del graph.node[:]
    graph.node.extend([*remaining, *_comparison(), switch])
    moved = {w.name for w in own}
    weights = [w for w in graph.initializer if w.name not in moved]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    graph.input.append(helper.make_tensor_value_info(MASK_FLOOR, onnx.TensorProto.FLOAT, []))
    graph.initializer.append(numpy_helper.from_array(np.array(-np.inf, np.float32), MASK_FLOOR))


def _own_dequantisation(
    graph: onnx.GraphProto, decoder: list[onnx.NodeProto]
) -> list[onnx.NodeProto]:
    """Copies of what turns bytes from outside the decoder into its floats; it then takes these.

    ONNX Runtime makes a convolution of bytes out of what lies in one graph with it.
    """
    needed = {name for node in decoder for name in node.input}
    copies = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node not in decoder and node.output[0] in needed:
            inner = f"{node.output[0]}_drawn"
            _rename(decoder, node.output[0], inner)
            name = f"{node.name}_drawn"
            copies.append(helper.make_node(node.op_type, [*node.input], [inner], name))
            copies[-1].attribute.extend(node.attribute)
    return copies


def _comparison() -> list[onnx.NodeProto]:
    difference, most = "activation_difference", "largest_activation_difference"
    return [
        helper.make_node("Sub", ["fake_activation", "real_activation"], [difference]),
        helper.make_node("ReduceMax", [difference], [most], keepdims=0),
        helper.make_node("Greater", [most, MASK_FLOOR], ["mask_wanted"]),
    ]


def _needed(graph: onnx.GraphProto, outputs: list[str]) -> set[str]:
    """Names of all tensors that lead to these outputs."""
    producers = {name: node for node in graph.node for name in node.output}
    needed: set[str] = set()
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(producers[name].input if name in producers else ())
    return needed


def _rename(nodes: list[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _mask_info(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, [None, *shape])
