"""The authors' published weights give what their own scripts give."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model_export.checkpoint import CheckpointError, load_checkpoint
from model_export.classnseg import IMAGENET, PLAIN, import_classnseg
from model_export.cli import main
from model_export.networks.contract import FAKE, REAL, NetworkConfig

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "classnseg"
WEIGHTS = PUBLISHED / "checkpoints" / "full"
needs_weights = pytest.mark.skipif(
    not WEIGHTS.is_dir(), reason="the published checkpoints are not on this machine"
)


def picture(name: str) -> tuple[torch.Tensor, NDArray[np.bool_]]:
    both = cv2.imread(str(PUBLISHED / "test_img" / name), cv2.IMREAD_COLOR_RGB)
    assert both is not None
    tensor = torch.from_numpy(both[:, :256].copy()).permute(2, 0, 1)[None].float() / 255
    return tensor, np.asarray(both[:, 256:, 0] > 127)


def judge(name: str, config: NetworkConfig) -> tuple[list[float], NDArray[np.bool_]]:
    checkpoint = import_classnseg(WEIGHTS / "encoder_46.pt", WEIGHTS / "decoder_46.pt", config)
    with torch.inference_mode():
        output = checkpoint.build()(picture(name)[0])
    return output.activations[0].tolist(), (output.mask_logits[0, 0] > 0).numpy()


@needs_weights
def test_activations_with_the_authors_normalisation() -> None:
    real, _ = judge("real.jpg", IMAGENET)
    fake, _ = judge("fake.jpg", IMAGENET)
    assert real == pytest.approx([0.03, 1.22], abs=0.01)
    assert fake == pytest.approx([1.14, 0.15], abs=0.01)


@needs_weights
@pytest.mark.parametrize("config", [PLAIN, IMAGENET], ids=["plain", "imagenet"])
def test_half_0_fires_for_the_fake_and_half_1_for_the_real(config: NetworkConfig) -> None:
    real, _ = judge("real.jpg", config)
    fake, _ = judge("fake.jpg", config)
    assert real[REAL] > real[FAKE] + 0.5
    assert fake[FAKE] > fake[REAL] + 0.5


@needs_weights
def test_the_mask_covers_the_manipulated_face_and_nothing_of_the_real_one() -> None:
    _, on_real = judge("real.jpg", IMAGENET)
    _, on_fake = judge("fake.jpg", IMAGENET)
    wanted = picture("fake.jpg")[1]
    assert not on_real.any()
    assert (on_fake == wanted).mean() > 0.9
    assert (on_fake & wanted).sum() / (on_fake | wanted).sum() > 0.7


@needs_weights
def test_the_command_writes_a_checkpoint_that_exports(tmp_path: Path) -> None:
    files = [str(WEIGHTS / f"{part}_46.pt") for part in ("encoder", "decoder")]
    model, graph = tmp_path / "model.pt", tmp_path / "model.onnx"
    assert main(["import-classnseg", *files, "-o", str(model)]) == 0
    assert load_checkpoint(model).facts["licence"].startswith("BSD-3-Clause")
    assert main(["export", str(model), "-o", str(graph)]) == 0
    assert graph.stat().st_size > 500_000


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    hostile = tmp_path / "encoder.pt"
    torch.save({"encoder.0.weight": Path("/")}, hostile)
    with pytest.raises(CheckpointError, match="weights-only"):
        import_classnseg(hostile, hostile)


def test_another_network_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "encoder.pt"
    torch.save({"encoder.0.weight": torch.zeros(8, 3, 3, 3)}, other)
    with pytest.raises(CheckpointError, match="published network"):
        import_classnseg(other, other)


def test_the_command_says_in_one_line_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pt").write_bytes(b"not a checkpoint")
    file = str(tmp_path / "x.pt")
    assert main(["import-classnseg", file, file, "-o", str(tmp_path / "y.pt")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
