"""A detector one can foresee: an ONNX file that calls fake what is bluer than it is red."""

import json
from pathlib import Path

import onnx
from onnx import TensorProto, helper

SLOPE, INTERCEPT = 40.0, 0.0
NOTE = {
    "schema": 1,
    "name": "colour",
    "version": "1",
    "preset": "none",
    "input": {"name": "image", "size": 256, "layout": "NHWC", "dtype": "uint8", "colour": "RGB"},
    "crop": {"scale": 1.1},
    "methods": ["deepfakes", "face2face", "faceswap"],
    "calibration": {"kind": "logistic", "slope": SLOPE, "intercept": INTERCEPT},
    "method_temperature": 1.0,
    "thresholds": {"manipulated": 0.7, "authentic": 0.3, "mask": 128, "method": 0.5},
    "training_data": "none",
    "licence": "Apache-2.0",
    "figures": {},
    "parity": {},
}


def write_colour_model(path: Path, **note: object) -> Path:
    """fake_activation: share of bluish pixels; real_activation: 0.12; always "deepfakes".

    note: what to write over entries of NOTE.
    """
    numbers: dict[str, tuple[list[float], int, list[int]]] = {
        "red": ([0], TensorProto.INT64, []),
        "blue": ([2], TensorProto.INT64, []),
        "least": ([30.0], TensorProto.FLOAT, []),
        "white": ([255.0], TensorProto.FLOAT, []),
        "nought": ([0.0], TensorProto.FLOAT, []),
        "share": ([0.12], TensorProto.FLOAT, []),
        "plane": ([1, 2], TensorProto.INT64, [2]),
        "last": ([1], TensorProto.INT64, [1]),
        "favourite": ([4.0, 0.0, 0.0], TensorProto.FLOAT, [3]),
    }
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
            node("Gather", ["pixels", "red"], ["reds"], axis=3),
            node("Gather", ["pixels", "blue"], ["blues"], axis=3),
            node("Sub", ["blues", "reds"], ["bluer"]),
            node("Greater", ["bluer", "least"], ["bluish"]),
            node("Cast", ["bluish"], ["counted"], to=TensorProto.FLOAT),
            node("ReduceMean", ["counted", "plane"], ["fake_activation"], keepdims=0),
            node("Mul", ["fake_activation", "nought"], ["zeros"]),
            node("Add", ["zeros", "share"], ["real_activation"]),
            node("Mul", ["counted", "white"], ["grey"]),
            node("Cast", ["grey"], ["mask"], to=TensorProto.UINT8),
            node("Unsqueeze", ["zeros", "last"], ["column"]),
            node("Add", ["column", "favourite"], ["method_logits"]),
        ],
        "colour",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 256, 256, 3])],
        [
            helper.make_tensor_value_info("fake_activation", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("real_activation", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("mask", TensorProto.UINT8, ["N", 256, 256]),
            helper.make_tensor_value_info("method_logits", TensorProto.FLOAT, ["N", 3]),
        ],
        [
            helper.make_tensor(name, kind, shape, values)
            for name, (values, kind, shape) in numbers.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    entry = model.metadata_props.add()
    entry.key, entry.value = "unmask", json.dumps(NOTE | note)
    onnx.save(model, path)
    return path
