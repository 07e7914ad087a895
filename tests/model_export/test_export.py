"""The exported file: what it computes, what it says of itself, when it is refused."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.export import (
    Exportable,
    Parity,
    ParityError,
    check_pictures,
    export,
    measure_parity,
    output_names,
)
from model_export.networks.contract import METHODS, MOBILE_CONFIG, NetworkConfig
from model_export.networks.factory import build_network
from tests.model_export.labelled import files

BOTH = [NetworkConfig(), MOBILE_CONFIG]


def fresh(config: NetworkConfig, seed: int = 0) -> Checkpoint:
    torch.manual_seed(seed)
    facts = {"name": "trial", "version": "1.2", "crop": {"scale": 1.25}}
    return Checkpoint(config, build_network(config).state_dict(), facts)


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_a_batch_of_any_size_gives_what_pytorch_gives(
    config: NetworkConfig, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    parity = export(fresh(config), path, check_pictures(256, 3))
    assert parity.activation_max_abs <= 1e-4
    assert parity.mask_fraction <= 1e-3
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for count in (1, 2, 5):
        outputs = session.run(None, {"image": check_pictures(256, count)})
        assert [o.shape[0] for o in outputs] == [count] * len(outputs)
    assert [o.name for o in session.get_outputs()] == output_names(config.preset == "mobile")
    assert outputs[2].dtype == np.uint8
    assert outputs[2].shape == (5, 256, 256)


def test_the_input_is_bytes_as_they_come_from_a_decoder(tmp_path: Path) -> None:
    export(fresh(NetworkConfig()), tmp_path / "m.onnx", check_pictures(256, 1))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    image = session.get_inputs()[0]
    assert (image.name, image.type, image.shape[1:]) == ("image", "tensor(uint8)", [256, 256, 3])


def test_the_file_describes_itself(tmp_path: Path) -> None:
    export(fresh(MOBILE_CONFIG), tmp_path / "m.onnx", check_pictures(256, 1))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    note = json.loads(session.get_modelmeta().custom_metadata_map["unmask"])
    assert (note["schema"], note["name"], note["version"]) == (1, "trial", "1.2")
    assert note["crop"] == {"scale": 1.25}
    assert note["methods"] == list(METHODS)
    assert note["input"]["colour"] == "RGB"
    assert note["calibration"]["kind"] == "logistic"
    assert set(note["thresholds"]) >= {"manipulated", "authentic", "mask"}
    assert note["parity"]["activation_max_abs"] <= 1e-4


def test_a_file_of_other_weights_fails_the_parity_check(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    export(fresh(NetworkConfig(), seed=1), path, check_pictures(256, 1))
    other = Exportable(fresh(NetworkConfig(), seed=2).build()).eval()
    parity = measure_parity(other, path, check_pictures(256, 2), output_names(False))
    assert not parity.good


def test_a_network_that_gives_no_numbers_is_not_written(tmp_path: Path) -> None:
    broken = fresh(MOBILE_CONFIG)
    broken.weights["project.1.bias"][:] = float("nan")
    with pytest.raises(ParityError, match="no finite number"):
        export(broken, tmp_path / "m.onnx", check_pictures(256, 1))
    assert not [*tmp_path.iterdir()]


def test_tolerances_are_the_stated_ones() -> None:
    assert Parity(1e-4, 1e-3, 1).good
    assert not Parity(1.1e-4, 0, 1).good
    assert not Parity(0, 1.1e-3, 1).good


def test_a_checkpoint_is_the_same_after_a_round_trip(tmp_path: Path) -> None:
    checkpoint = fresh(NetworkConfig(width=2))
    checkpoint.save(tmp_path / "c.pt")
    again = load_checkpoint(tmp_path / "c.pt")
    assert (again.config, again.facts) == (checkpoint.config, checkpoint.facts)
    assert all(torch.equal(again.weights[k], v) for k, v in checkpoint.weights.items())


def test_the_command_refuses_pictures_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh(NetworkConfig()).save(tmp_path / "c.pt")
    (tmp_path / "p.jpg").write_bytes(b"no picture")
    words = ["export", str(tmp_path / "c.pt"), "-o", str(tmp_path / "m.onnx")]
    assert main([*words, "--pictures", str(tmp_path / "p.jpg")]) == 1
    assert "cannot read the picture" in capsys.readouterr().err
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../{}/a.pt", "is the checkpoint: it would be overwritten"),
        ("ship.pt", "give it a name that ends in .onnx"),
        ("ship", "give it a name that ends in .onnx"),
    ],
)
def test_what_is_not_called_as_an_onnx_file_is_not_written(
    name: str,
    reason: str,
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = files(tmp_path)
    out = tmp_path / name.format(tmp_path.name)
    assert main(["export", str(checkpoint), "-o", str(out)]) == 1
    assert reason in capsys.readouterr().err
    assert files(tmp_path) == before
