"""Running a detector over crops."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from model_export.checkpoint import Checkpoint
from model_export.export import check_pictures, export
from model_export.judge import CheckpointJudge, OnnxJudge, judged, open_judge, verdicts
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.networks.factory import build_network
from model_export.sources.sample import Sample
from tests.model_export.colour_model import write_colour_model


@pytest.mark.parametrize("config", [NetworkConfig(), MOBILE_CONFIG])
def test_a_checkpoint_and_its_export_judge_alike(config: NetworkConfig, tmp_path: Path) -> None:
    checkpoint = Checkpoint(config, build_network(config).state_dict(), {"name": "a name"})
    checkpoint.save(tmp_path / "a.pt")
    crops = check_pictures(256, 3)
    export(checkpoint, tmp_path / "a.onnx", crops)
    ours, theirs = open_judge(tmp_path / "a.pt"), open_judge(tmp_path / "a.onnx")
    assert isinstance(ours, CheckpointJudge)
    assert isinstance(theirs, OnnxJudge)
    a, b = verdicts(ours, [*crops]), verdicts(theirs, [*crops])
    np.testing.assert_allclose(a.activations, b.activations, atol=1e-4)
    assert np.abs(a.masks.astype(int) - b.masks).max() <= 1
    assert (a.method_logits is None) == (b.method_logits is None) == (config.preset == "paper")
    assert ours.note["name"] == theirs.note["name"] == "a name"
    assert ours.note["calibration"] == theirs.note["calibration"]


def test_samples_come_back_in_batches_in_their_order(tmp_path: Path) -> None:
    judge = open_judge(write_colour_model(tmp_path / "colour.onnx"))
    crop = np.zeros((256, 256, 3), np.uint8)
    blue = crop.copy()
    blue[..., 2] = 200
    samples = [
        Sample(blue if number % 2 else crop, bool(number % 2), None, None, str(number))
        for number in range(35)
    ]
    batches = [*judged(judge, samples)]
    assert [s.group for batch, _ in batches for s in batch] == [str(i) for i in range(35)]
    assert [len(batch) for batch, _ in batches] == [32, 3]
    fake = np.concatenate([v.activations[:, 0] for _, v in batches])
    np.testing.assert_array_equal(fake, [i % 2 for i in range(35)])


def test_what_is_not_clearly_real_is_judged_again_as_its_mirror_image(tmp_path: Path) -> None:
    left, real = np.zeros((2, 256, 256, 3), np.uint8)
    # Blue is fake to this model; how blue a crop is does not change in a mirror, where it is does.
    left[:, :64, 2] = 200
    once = open_judge(write_colour_model(tmp_path / "once.onnx"))
    twice = open_judge(write_colour_model(tmp_path / "twice.onnx", second_look=0.0))
    first, both = verdicts(once, [left, real]), verdicts(twice, [left, real])
    np.testing.assert_array_equal(first.activations, both.activations)
    np.testing.assert_array_equal(first.masks, both.masks)
    looked = []

    class Watched(OnnxJudge):
        def look(self, crops: Sequence[NDArray[np.uint8]]) -> list[NDArray[Any]]:
            looked.append(len(crops))
            return super().look(crops)

    verdicts(Watched(tmp_path / "twice.onnx"), [left, real])
    assert looked == [2, 1]


def graph(operator: str, note: str | None = None) -> bytes:
    """A model of one node that gives its picture back, as if it could; with a note, if any."""
    image, same = (
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["N"]) for name in ("image", "same")
    )
    node = helper.make_node(operator, ["image"], ["same"])
    model = helper.make_model(
        helper.make_graph([node], "one", [image], [same]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    if note is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "unmask", note
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.onnx", b"not a graph", "a.onnx cannot be used: ONNX Runtime"),
        ("a.onnx", b"", "a.onnx cannot be used: ONNX Runtime"),
        ("a.onnx", graph("Nope"), "a.onnx cannot be used: ONNX Runtime"),
        ("a.onnx", graph("Sin"), "a.onnx cannot be used: ONNX Runtime"),
        ("a.onnx", graph("Identity"), "not written by unmask-model export"),
        ("a.onnx", graph("Identity", "{}"), "metadata of the model file .*a.onnx is wrong"),
        ("a.onnx", graph("Identity", "[]"), "metadata of the model file .*a.onnx is wrong"),
        ("a.onnx", graph("Identity", "{"), "metadata of the model file .*a.onnx is wrong"),
        ("a.pt", b"not a checkpoint", "a.pt"),
        ("a.bin", b"", "a .pt checkpoint or an .onnx file"),
    ],
)
def test_other_files_are_refused_in_one_sentence(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        open_judge(tmp_path / name)


def test_a_file_that_lacks_an_output_is_refused_before_it_is_run(tmp_path: Path) -> None:
    model = onnx.load(write_colour_model(tmp_path / "a.onnx"))
    del model.graph.output[0]
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"a\.onnx has no tensor 'fake_activation'"):
        open_judge(tmp_path / "a.onnx")
