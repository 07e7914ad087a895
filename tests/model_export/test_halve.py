"""The half-precision export: a file that keeps the contract and says how far off it is."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from model_export.cli import main
from model_export.export import check_pictures, open_session
from service.inference.model_file import read_model_file
from service.runtime import Runtime


def test_the_command_writes_half_a_file_with_its_agreement(
    export_words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*export_words, "--optional-mask"]
    assert main([*words, "--half"]) == 1
    assert "--half need --calibration-pictures" in capsys.readouterr().err
    assert main([*words, "--half", "--calibration-pictures", str(tmp_path / "faces")]) == 0
    assert "half precision against float on 4 pictures" in capsys.readouterr().out
    exact, half = (read_model_file(tmp_path / f"m{end}.onnx", Runtime()) for end in ("", ".fp16"))
    assert len(half.content) < 0.6 * len(exact.content)
    assert (exact.spec.precision, half.spec.precision) == ("float32", "float16")
    assert (exact.masks_optional, half.masks_optional) == (True, False)
    facts = half.spec.quantised or {}
    assert facts["source_sha256"] == hashlib.sha256(exact.content).hexdigest()
    assert 0 < facts["activation_max_abs"] < 0.02
    pictures = check_pictures(256, 3)
    runs = [open_session(each.path).run(None, {"image": pictures}) for each in (exact, half)]
    for one, other in zip(*runs, strict=True):
        assert one.dtype == other.dtype
        assert np.allclose(one, other, rtol=0, atol=8 if one.dtype == np.uint8 else 0.02)


def test_the_shipped_half_file_is_of_the_standard_and_has_half_weights() -> None:
    shipped = Path("service/weights/unmask.fp16.onnx")
    graph = onnx.load(shipped)
    onnx.checker.check_model(graph, full_check=True)
    kernels = [w for w in graph.graph.initializer if len(w.dims) == 4]
    assert kernels
    assert {w.data_type for w in kernels} == {onnx.TensorProto.FLOAT16}
    note = {entry.key: entry.value for entry in graph.metadata_props}["unmask"]
    assert json.loads(note)["quantised"]["type"] == "float16"
