"""The method output alone is fitted: everything else stays as it was."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.data.faces import FaceIndex, load_index
from model_export.data.forge import Forge
from model_export.data.pairs import Batch, PairDataset, collate
from model_export.losses import NO_METHOD
from model_export.method_output import MethodFit, fit_methods, look_at
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from model_export.networks.mobile import MobileNetwork
from model_export.restore import restore
from model_export.sources.synthetic import HELD_OUT
from service.faces.crop import CropRule
from tests.model_export.labelled import write_people

SHIPPED = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"
PAIRS = 8


@pytest.fixture(scope="module")
def batches(faces: FaceIndex) -> list[Batch]:
    forge = Forge(faces, CropRule(), ("deepfakes", "faceswap", "self_blend"), 0.5)
    drawn = PairDataset(forge, PAIRS, seed=1)
    return [collate([drawn[item] for item in range(PAIRS)])]


def test_named_fakes_are_seen_once_as_they_are_and_once_mirrored(batches: list[Batch]) -> None:
    network = restore(SHIPPED).build()
    assert isinstance(network, MobileNetwork)
    (batch,), named = batches, look_at(network, batches)
    chosen = batch.methods[batch.methods != NO_METHOD]
    assert 0 < len(chosen) < PAIRS, "fakes of both kinds must be among them"
    assert torch.equal(named.methods, chosen.repeat(2))
    # What is seen is what the method output gets in use.
    crops = batch.pictures[batch.methods != NO_METHOD].permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        in_use = network(crops, reconstruct=False).method_logits
        torch.testing.assert_close(network.method(named.features[: len(chosen)]), in_use)


def test_it_learns_and_nothing_else_changes(batches: list[Batch]) -> None:
    before = restore(SHIPPED)
    after, _, now = fit_methods(before, batches, MethodFit(epochs=200))
    assert now == 1.0, "so few crops can be learned by heart"
    changed = {
        name
        for name, value in after.weights.items()
        if not torch.equal(value, before.weights[name])
    }
    assert changed == {f"method.{n}.{kind}" for n in (0, 3) for kind in ("weight", "bias")}
    assert after.facts["calibration_is_old"]
    again, _, _ = fit_methods(before, batches, MethodFit(epochs=200))
    assert all(torch.equal(again.weights[name], after.weights[name]) for name in changed)


def test_where_there_is_nothing_to_fit_it_is_said(batches: list[Batch]) -> None:
    paper = NetworkConfig(size=64)
    with pytest.raises(ValueError, match="only the mobile preset"):
        fit_methods(Checkpoint(paper, build_network(paper).state_dict()), batches, MethodFit())
    (batch,) = batches
    nameless = Batch(
        batch.pictures, batch.masks, torch.full_like(batch.methods, NO_METHOD), batch.families
    )
    with pytest.raises(ValueError, match="no fake is of a method"):
        fit_methods(restore(SHIPPED), [nameless], MethodFit())


def test_the_command_fits_an_exported_model(
    faces: FaceIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people").mkdir()
    people, out = write_people(tmp_path / "people", faces, 4), tmp_path / "fitted.pt"
    words = ["fit-methods", str(SHIPPED), str(people), "--pairs", "4", "--workers", "0"]
    known = restore(SHIPPED).facts["people"]
    assert main([*words, "-o", str(out)]) == 0
    assert "methods named rightly" in capsys.readouterr().out
    fitted = load_checkpoint(out)
    assert fitted.facts["methods_fitted"]["crops"] == 8, "every pair is of a named method"
    assert fitted.facts["crop"] == restore(SHIPPED).facts["crop"]
    learned, _ = load_index(people, people / "landmarks.npz").split(HELD_OUT, seed=0)
    assert fitted.facts["people"] == f"{known}+{learned.digest}"
    named = [
        word
        for name in ("deepfakes", "faceswap", "face2face", "head_swap")
        for word in ("--leave-out", name)
    ]
    assert main([*words, *named, "-o", str(out)]) == 1
    assert "every family of a named method is left out" in capsys.readouterr().err
    assert np.array_equal(
        load_checkpoint(out).weights["method.0.bias"], fitted.weights["method.0.bias"]
    )
