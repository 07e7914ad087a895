"""The 8-bit companion runs where it is fast and exact, and only beside the file it came from."""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from model_export.export import write_described
from service.errors import ConfigurationError
from service.faces.crop import Box, cut_square, sharpen_crop
from service.inference.device import Device
from service.inference.model_file import ModelFile, Rounding, read_model_file
from service.inference.precision import (
    Precision,
    adds_byte_products,
    companion,
    in_precision,
)
from service.inference.session import Session
from service.runtime import Runtime
from service.settings import Settings
from tests.service.conftest import CPU, PLAN

GPU = Device("cuda", 0)


def write_companion(path: Path, target: Path, source_sha256: str, rounding: str) -> None:
    """A file that says it is the rounded one made from the file of that digest."""
    graph = onnx.load(path)
    note = json.loads({entry.key: entry.value for entry in graph.metadata_props}["unmask"])
    facts = {"type": rounding, "source_sha256": source_sha256}
    write_described(graph, target, note | {"quantised": facts})


@pytest.fixture
def pair(model: ModelFile, runtime: Runtime, tmp_path: Path) -> ModelFile:
    """A float model with companions that were made from it."""
    path = tmp_path / "m.onnx"
    path.write_bytes(model.content)
    digest = hashlib.sha256(model.content).hexdigest()
    write_companion(path, tmp_path / "m.int8.onnx", digest, "int8")
    write_companion(path, tmp_path / "m.fp16.onnx", digest, "float16")
    return read_model_file(path, runtime)


@pytest.mark.parametrize(
    ("words", "capable"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni", True),
        ("flags\t\t: fpu avx_vnni", True),
        ("Features\t: fp asimd asimddp", True),
        ("flags\t\t: fpu avx2 avx512bw", False),
        ("model name\t: avx512_vnni", False),
        ("", False),
    ],
)
def test_a_cpu_is_asked_for_dot_products_of_bytes(
    tmp_path: Path, words: str, capable: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{words}\n")
    assert adds_byte_products(tmp_path / "cpuinfo") is capable


def test_a_machine_that_says_nothing_of_its_cpu_gets_floats(tmp_path: Path) -> None:
    assert not adds_byte_products(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "rounding", "beside"),
    [
        ("unmask.onnx", "int8", "unmask.int8.onnx"),
        ("unmask-0.3", "int8", "unmask-0.3.int8.onnx"),
        ("unmask.onnx", "float16", "unmask.fp16.onnx"),
    ],
)
def test_a_companion_is_named_after_the_whole_name(
    name: str, rounding: Rounding, beside: str
) -> None:
    assert companion(Path("models") / name, rounding) == Path("models") / beside


def test_auto_takes_eight_bits_on_a_capable_cpu_only(pair: ModelFile, runtime: Runtime) -> None:
    small = in_precision(pair, CPU, "auto", runtime, capable=True)
    assert small.path == companion(pair.path, "int8")
    assert in_precision(pair, CPU, "int8", runtime, capable=True).path == small.path
    assert in_precision(pair, CPU, "auto", runtime, capable=False) is pair
    assert in_precision(pair, GPU, "auto", runtime, capable=True) is pair
    assert in_precision(pair, CPU, "float32", runtime, capable=True) is pair


def test_eight_bits_asked_for_and_not_to_be_had_end_the_start(
    pair: ModelFile, runtime: Runtime
) -> None:
    with pytest.raises(ConfigurationError, match="do not run on the device 'cuda:0'"):
        in_precision(pair, GPU, "int8", runtime, capable=True)
    with pytest.raises(ConfigurationError, match="This CPU"):
        in_precision(pair, CPU, "int8", runtime, capable=False)
    companion(pair.path, "int8").unlink()
    with pytest.raises(ConfigurationError, match=r"there is no .*m\.int8\.onnx: export with"):
        in_precision(pair, CPU, "int8", runtime, capable=True)


@pytest.mark.parametrize("damage", ["another source", "broken", "folder", "link to nowhere"])
def test_a_companion_that_does_not_fit_is_never_run(
    pair: ModelFile, runtime: Runtime, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    small = companion(pair.path, "int8")
    small.unlink()
    if damage == "broken":
        small.write_bytes(b"not a model")
    elif damage == "folder":
        small.mkdir()
    elif damage == "link to nowhere":
        small.symlink_to("gone.onnx")
    else:
        write_companion(pair.path, small, "0" * 64, "int8")
    with caplog.at_level(logging.WARNING):
        assert in_precision(pair, CPU, "auto", runtime, capable=True) is pair
    assert "floats run in place of m.int8.onnx" in caplog.text
    with pytest.raises(ConfigurationError, match=r"m\.int8\.onnx|cannot load the model"):
        in_precision(pair, CPU, "int8", runtime, capable=True)


def test_a_name_that_is_too_long_for_a_companion_has_none(
    pair: ModelFile, runtime: Runtime, tmp_path: Path
) -> None:
    long = replace(pair, path=tmp_path / ("m" * 246 + ".onnx"))
    assert in_precision(long, CPU, "auto", runtime, capable=True) is long
    with pytest.raises(ConfigurationError, match="there is no"):
        in_precision(long, CPU, "int8", runtime, capable=True)


def test_an_eight_bit_file_named_by_itself_runs_where_it_can(
    pair: ModelFile, runtime: Runtime
) -> None:
    small = read_model_file(companion(pair.path, "int8"), runtime)
    precisions: tuple[Precision, ...] = ("auto", "int8")
    for precision in precisions:
        assert in_precision(small, CPU, precision, runtime, capable=True) is small
        with pytest.raises(ConfigurationError, match="This CPU"):
            in_precision(small, CPU, precision, runtime, capable=False)
        with pytest.raises(ConfigurationError, match="cuda:0"):
            in_precision(small, GPU, precision, runtime, capable=True)
    with pytest.raises(ConfigurationError, match="is a file of 8 bits"):
        in_precision(small, CPU, "float32", runtime, capable=True)


def test_half_precision_runs_on_gpus_where_it_is_asked_for(
    pair: ModelFile, runtime: Runtime
) -> None:
    half = in_precision(pair, GPU, "float16", runtime)
    assert half.path == companion(pair.path, "float16")
    assert half.spec.precision == "float16"
    assert in_precision(pair, GPU, "auto", runtime) is pair
    assert in_precision(half, GPU, "auto", runtime) is half
    with pytest.raises(ConfigurationError, match="runs on GPUs only"):
        in_precision(pair, CPU, "float16", runtime)
    with pytest.raises(ConfigurationError, match="runs on GPUs only"):
        in_precision(half, CPU, "auto", runtime)
    with pytest.raises(ConfigurationError, match="is a file of half precision"):
        in_precision(half, GPU, "float32", runtime)


def test_a_file_of_another_rounding_is_no_companion(pair: ModelFile, runtime: Runtime) -> None:
    half = companion(pair.path, "float16")
    half.write_bytes(companion(pair.path, "int8").read_bytes())
    with pytest.raises(ConfigurationError, match=r"m\.fp16\.onnx was not made from m\.onnx"):
        in_precision(pair, GPU, "float16", runtime)
    half.unlink()
    with pytest.raises(ConfigurationError, match=r"PRECISION=float16, but there is no .*--half"):
        in_precision(pair, GPU, "float16", runtime)


def test_the_shipped_model_has_companions_made_from_it(runtime: Runtime) -> None:
    shipped = read_model_file(Settings().model, runtime)
    small = in_precision(shipped, CPU, "auto", runtime, capable=True)
    assert small.spec.quantised is not None
    assert small.spec.quantised["verdicts"] > 0.95
    half = in_precision(shipped, GPU, "float16", runtime)
    assert half.spec.quantised is not None
    assert half.spec.quantised["verdicts"] > 0.99
    assert not half.masks_optional
    assert sum(len(each.content) for each in (shipped, small, half)) < 6 * 2**20


def test_the_readme_s_example_is_of_the_shipped_eight_bit_file() -> None:
    content = companion(Settings().model, "int8").read_bytes()
    assert hashlib.sha256(content).hexdigest() in Path("README.md").read_text()


@pytest.mark.skipif(not adds_byte_products(), reason="8 bits are exact on CPUs with VNNI only")
def test_both_files_say_nearly_the_same_of_a_face(
    runtime: Runtime, astronaut: NDArray[np.uint8]
) -> None:
    shipped = read_model_file(Settings().model, runtime)
    rule = shipped.spec.crop_rule
    crop = sharpen_crop(*cut_square(astronaut, Box(181, 67, 88, 111), rule), rule)
    files = (shipped, in_precision(shipped, CPU, "int8", runtime))
    exact, rounded = (Session(each, CPU, PLAN, runtime).run([crop])[0] for each in files)
    assert rounded.fake_activation == pytest.approx(exact.fake_activation, abs=0.15)
    assert rounded.real_activation == pytest.approx(exact.real_activation, abs=0.15)
    assert exact.mask is not None
    assert rounded.mask is not None
    assert np.abs(rounded.mask.astype(int) - exact.mask).mean() < 8
