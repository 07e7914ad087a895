"""The 8-bit companion runs where it is fast and exact, and only beside the file it came from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.errors import ConfigurationError
from service.inference.model_file import ModelFile
from service.inference.precision import adds_byte_products, companion, in_precision
from service.inference.session import Device, Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN

GPU = Device("cuda", 0)


@pytest.fixture(scope="module")
def shipped(model: ModelFile) -> ModelFile:
    if not companion(model.path).is_file():
        pytest.skip(f"{model.path} has no 8-bit companion")
    return model


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


def test_auto_takes_eight_bits_on_a_capable_cpu_only(shipped: ModelFile, runtime: Runtime) -> None:
    small = in_precision(shipped, CPU, "auto", runtime, capable=True)
    assert small.path == companion(shipped.path)
    assert in_precision(shipped, CPU, "auto", runtime, capable=False) is shipped
    assert in_precision(shipped, GPU, "auto", runtime, capable=True) is shipped
    assert in_precision(shipped, CPU, "float32", runtime, capable=True) is shipped


def test_eight_bits_asked_for_and_not_to_be_had_end_the_start(
    shipped: ModelFile, runtime: Runtime, tmp_path: Path
) -> None:
    assert in_precision(shipped, CPU, "int8", runtime).spec.quantised
    with pytest.raises(ConfigurationError, match="only the CPU"):
        in_precision(shipped, GPU, "int8", runtime)
    alone = replace(shipped, path=tmp_path / "alone.onnx")
    with pytest.raises(ConfigurationError, match=r"alone\.int8\.onnx cannot be read"):
        in_precision(alone, CPU, "int8", runtime)


def test_a_companion_of_another_file_is_never_run(shipped: ModelFile, runtime: Runtime) -> None:
    other = replace(shipped, sha256="0" * 64)
    assert in_precision(other, CPU, "auto", runtime, capable=True) is other
    with pytest.raises(ConfigurationError, match="was not made from"):
        in_precision(other, CPU, "int8", runtime)


def test_both_files_say_nearly_the_same_of_a_face(
    shipped: ModelFile, runtime: Runtime, astronaut: np.ndarray
) -> None:
    crop = np.ascontiguousarray(astronaut[0:256, 96:352])
    pair = (shipped, in_precision(shipped, CPU, "int8", runtime))
    exact, rounded = (Session(each, CPU, PLAN, runtime).run([crop])[0] for each in pair)
    assert rounded.fake_activation == pytest.approx(exact.fake_activation, abs=0.15)
    assert rounded.real_activation == pytest.approx(exact.real_activation, abs=0.15)
    assert exact.mask is not None
    assert rounded.mask is not None
    assert np.abs(rounded.mask.astype(int) - exact.mask).mean() < 8
