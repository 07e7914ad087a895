"""Equal channels before a depthwise convolution, and the same result."""

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model_export.optimised.equalisation import equalise, find_links, with_outputs

CHANNELS = 4
WEAK = np.array([1.0, 0.5, 0.001, 0.0], np.float32)


def chain(*, groups: int = CHANNELS, seen_outside: bool = False) -> onnx.ModelProto:
    """Convolution, clip at 6, 3 x 3 convolution of one channel each (or of all, groups=1)."""
    rng = np.random.default_rng(0)
    weights = {
        "k1": rng.random((CHANNELS, 2, 1, 1), np.float32) * WEAK[:, None, None, None],
        "b1": np.zeros(CHANNELS, np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
        "k2": rng.standard_normal((CHANNELS, CHANNELS // groups, 3, 3), np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "k1", "b1"], ["c"], name="before"),
        helper.make_node("Clip", ["c", "low", "high"], ["d"], name="clip"),
        helper.make_node("Conv", ["d", "k2"], ["y"], name="after", group=groups, pads=[1] * 4),
    ]
    shape: list[str | int | None] = ["n", CHANNELS, 8, 8]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    if seen_outside:
        nodes.append(helper.make_node("Relu", ["d"], ["z"], name="other"))
        outputs.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, shape))
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2, 8, 8])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(model: onnx.ModelProto, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, {"x": x}))


def test_weak_channels_grow_and_the_result_stays() -> None:
    model, x = chain(), np.random.default_rng(1).random((2, 2, 8, 8), np.float32)
    links = find_links(model, [])
    before, inside = run(with_outputs(model, links), x)
    equalise(model, links, [inside.max((0, 2, 3))])
    after, grown = run(with_outputs(model, links), x)
    assert after == pytest.approx(before, abs=1e-5)
    largest = grown.max((0, 2, 3))
    # To nine tenths of the clip's bound, but none by more than eight times.
    assert largest[0] == pytest.approx(5.4)
    assert largest[2] == pytest.approx(8 * inside[:, 2].max())
    assert largest[3] == 0


@pytest.mark.parametrize(
    "model",
    [chain(groups=1), chain(seen_outside=True)],
    ids=["all channels are mixed", "what is clipped is used elsewhere"],
)
def test_what_could_not_be_undone_is_left_alone(model: onnx.ModelProto) -> None:
    assert find_links(model, []) == []


def test_convolutions_that_stay_floats_are_left_alone() -> None:
    assert [link.bound for link in find_links(chain(), [])] == [6.0]
    assert find_links(chain(), ["before"]) == []
