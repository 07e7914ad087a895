"""A session judges batches on the device that was asked for."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from model_export.export import read_note, write_described
from service.errors import ConfigurationError
from service.inference.device import Device
from service.inference.model_file import ModelFile, read_model_file
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import PLAN

Crop = NDArray[np.uint8]


def some_crops(count: int, size: int = 256) -> list[Crop]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (size, size, 3), np.uint8) for _ in range(count)]


def test_evidence_has_its_promised_shape(session: Session, model: ModelFile) -> None:
    (evidence,) = session.run(some_crops(1))
    assert evidence.fake_activation >= 0
    assert evidence.real_activation >= 0
    assert evidence.mask is not None
    assert evidence.mask.shape == (256, 256)
    assert evidence.mask.dtype == np.uint8
    if model.spec.methods:
        assert evidence.method_logits is not None
        assert evidence.method_logits.shape == (len(model.spec.methods),)
    else:
        assert evidence.method_logits is None


def test_a_crop_is_judged_alike_alone_and_in_a_batch(session: Session) -> None:
    crops = some_crops(5)
    together = session.run(crops)
    for crop, evidence in zip(crops, together, strict=True):
        (alone,) = session.run([crop])
        assert alone.fake_activation == pytest.approx(evidence.fake_activation, abs=1e-4)
        assert alone.real_activation == pytest.approx(evidence.real_activation, abs=1e-4)
        assert alone.mask is not None
        assert evidence.mask is not None
        assert np.mean(np.abs(alone.mask.astype(int) - evidence.mask) > 1) < 0.001


def test_masks_are_drawn_only_when_a_crop_is_above_the_floor(session: Session) -> None:
    crops = some_crops(3)
    drawn = session.run(crops)
    differences = [each.fake_activation - each.real_activation for each in drawn]
    below = session.run(crops, max(differences) + 1e-3)
    assert [each.mask for each in below] == [None] * 3
    assert [each.fake_activation for each in below] == [each.fake_activation for each in drawn]
    above = session.run(crops, max(differences) - 1e-3)
    for one, other in zip(above, drawn, strict=True):
        assert one.mask is not None
        assert other.mask is not None
        assert np.array_equal(one.mask, other.mask)


def test_a_crop_of_another_size_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="input size"):
        session.run(some_crops(1, size=128))


@pytest.mark.parametrize("kind", ["cuda", "tensorrt"])
def test_a_gpu_asked_for_and_not_got_is_an_error(
    kind: str, model: ModelFile, runtime: Runtime
) -> None:
    device = Device("cuda" if kind == "cuda" else "tensorrt", 0)
    if device.provider in runtime.providers():
        pytest.skip("this ONNX Runtime is built for GPUs")
    with pytest.raises(ConfigurationError, match=rf"'{kind}:0' was asked for but.*CPU"):
        Session(model, device, PLAN, runtime)


@pytest.mark.parametrize("output", ["fake_activation", "real_activation", "method_logits"])
def test_what_is_not_finite_is_no_evidence(model_path: Path, output: str, tmp_path: Path) -> None:
    """A probability that is none would leave as `null`, which clients are told never to expect."""
    network = onnx.load(model_path)
    (source,) = [node for node in network.graph.node if output in node.output]
    source.output[list(source.output).index(output)] = "sound"
    network.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array(np.nan, np.float32), "nan")
    )
    network.graph.node.append(onnx.helper.make_node("Mul", ["sound", "nan"], [output]))
    spoilt = tmp_path / "spoilt.onnx"
    write_described(network, spoilt, read_note(network))
    runtime = Runtime()
    session = Session(read_model_file(spoilt, runtime), Device("cpu"), PLAN, runtime)
    with pytest.raises(ArithmeticError):
        session.run(some_crops(1))
