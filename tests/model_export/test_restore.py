"""An exported model can be read back, and then learns as it did before it was exported."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model_export.checkpoint import CheckpointError
from model_export.description import describe
from model_export.export import Exportable, check_pictures, open_session, write_described
from model_export.losses import Truth, stronger_losses
from model_export.restore import renormalise, restore

SHIPPED = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"


@pytest.mark.parametrize("normed", [False, True], ids=["as read", "renormalised"])
def test_the_restored_network_gives_what_the_file_gives(normed: bool) -> None:
    pictures = check_pictures(256, 4)
    network = restore(SHIPPED).build()
    if normed:
        renormalise(network, torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255)
    with torch.inference_mode():
        got = Exportable(network).eval()(torch.from_numpy(pictures))
    wanted = open_session(SHIPPED).run(None, {"image": pictures})
    for ours, theirs in zip(got, wanted, strict=True):
        apart = np.abs(ours.numpy().astype(np.float64) - theirs)
        if theirs.dtype == np.uint8:
            # A mask is rounded to grey levels: where it differs at all, by a whole one.
            assert apart.max() <= 1
            assert apart.mean() < 1e-3
        else:
            assert apart.max() < 1e-3


def test_a_renormalised_network_gives_the_same_in_training() -> None:
    """But for the running statistics' own batch, which is the one it is run on here."""
    pictures = torch.from_numpy(check_pictures(256, 4)).permute(0, 3, 1, 2).float() / 255
    network = restore(SHIPPED).build()
    renormalise(network, pictures)
    with torch.no_grad():
        resting = network(pictures).activations
        learning = network.train()(pictures).activations
    torch.testing.assert_close(resting, learning, atol=5e-3, rtol=0)


def test_whom_a_model_learned_from_is_known_after_an_export(tmp_path: Path) -> None:
    graph = onnx.load(SHIPPED)
    note = json.loads({entry.key: entry.value for entry in graph.metadata_props}["unmask"])
    write_described(graph, tmp_path / "m.onnx", note | {"people": "digest"})
    assert restore(tmp_path / "m.onnx").facts["people"] == "digest"


def test_an_eight_bit_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    graph = onnx.load(SHIPPED)
    note = json.loads({entry.key: entry.value for entry in graph.metadata_props}["unmask"])
    write_described(graph, tmp_path / "m.onnx", note | {"quantised": {"pictures": 2}})
    with pytest.raises(CheckpointError, match="is a rounded file"):
        restore(tmp_path / "m.onnx")


def test_a_restored_network_learns() -> None:
    pictures = torch.from_numpy(check_pictures(256, 4)).permute(0, 3, 1, 2).float() / 255
    network = restore(SHIPPED).build()
    renormalise(network, pictures)
    network.train()
    winner = torch.tensor([1, 1, 0, 0])
    truth = Truth(winner, torch.zeros(4, 1, 256, 256), torch.tensor([-1, -1, 0, 1]), pictures)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-4)
    losses = []
    for _ in range(6):
        terms = stronger_losses(network(pictures, winner), truth)
        losses.append(float(terms["activation"].detach()))
        optimiser.zero_grad()
        torch.stack([*terms.values()]).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert losses[-1] < losses[0]


def test_what_is_no_exported_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"\x00\xff no model")
    for path in (tmp_path / "noise.onnx", tmp_path / "missing.onnx"):
        with pytest.raises(CheckpointError):
            restore(path)


@pytest.mark.parametrize("note", [[], {}, {"preset": "paper"}, None])
def test_a_file_of_another_kind_is_refused(note: object, tmp_path: Path) -> None:
    graph = onnx.load(SHIPPED)
    del graph.metadata_props[:]
    if note is not None:
        entry = graph.metadata_props.add()
        entry.key, entry.value = "unmask", json.dumps(note)
    onnx.save(graph, tmp_path / "other.onnx")
    with pytest.raises(CheckpointError):
        restore(tmp_path / "other.onnx")


def test_weights_that_are_not_plain_numbers_are_refused(tmp_path: Path) -> None:
    """As in a file quantised to 8 bits."""
    graph = onnx.load(SHIPPED)
    first = next(node for node in graph.graph.node if node.op_type == "Conv")
    weight = next(t for t in graph.graph.initializer if t.name == first.input[1])
    graph.graph.initializer.remove(weight)
    graph.graph.node.insert(0, onnx.helper.make_node("Constant", [], [weight.name], value=weight))
    bias = next(t for t in graph.graph.initializer if t.name == first.input[2])
    graph.graph.initializer.remove(bias)
    graph.graph.node.insert(0, onnx.helper.make_node("Constant", [], [bias.name], value=bias))
    onnx.save(graph, tmp_path / "other.onnx")
    with pytest.raises(CheckpointError, match="does not hold"):
        restore(tmp_path / "other.onnx")


def test_what_was_said_of_the_model_is_kept() -> None:
    note = {p.key: p.value for p in onnx.load(SHIPPED).metadata_props}["unmask"]
    restored = describe(restore(SHIPPED), has_method=True)
    for name in ("crop", "calibration", "thresholds", "method_temperature", "licence"):
        assert restored[name] == json.loads(note)[name]
