"""Devices are chosen as they are asked for, and ONNX Runtime is told what they need."""

from pathlib import Path
from typing import Any

import pytest

from service.errors import ConfigurationError
from service.inference.device import Device, choose_devices, engine_folder, provider_options
from service.runtime import Runtime
from tests.service.conftest import CPU


def test_auto_takes_the_cpu_where_there_is_no_gpu(runtime: Runtime) -> None:
    if "CUDAExecutionProvider" in runtime.providers():
        pytest.skip("this ONNX Runtime is built for GPUs")
    assert choose_devices("auto", [0], runtime) == [CPU]


def test_every_gpu_of_the_list_becomes_a_device(runtime: Runtime) -> None:
    names = [device.name for device in choose_devices("cuda", [0, 3], runtime)]
    assert names == ["cuda:0", "cuda:3"]


def names_and_options(
    device: Device, precision: str = "float32", **more: Any
) -> tuple[list[str], dict[str, Any]]:
    """The providers of a session by name, and the options of the first."""
    providers: list[Any] = provider_options(device, precision, **more)
    names = [each if isinstance(each, str) else each[0] for each in providers]
    return names, {} if isinstance(providers[0], str) else providers[0][1]


def test_the_cpu_stands_behind_every_device() -> None:
    devices = (CPU, Device("cuda", 1), Device("tensorrt", 1))
    assert [names_and_options(device)[0] for device in devices] == [
        ["CPUExecutionProvider"],
        ["CUDAExecutionProvider", "CPUExecutionProvider"],
        ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
    ]


def test_cuda_rounds_no_factors_of_a_float_file_and_captures_where_it_is_asked() -> None:
    _, options = names_and_options(Device("cuda", 2))
    assert options == {"device_id": 2, "use_tf32": 0, "enable_cuda_graph": 0}
    _, options = names_and_options(Device("cuda", 2), "float16", graphs=True)
    assert options == {"device_id": 2, "enable_cuda_graph": 1}


def test_tensorrt_keeps_engines_and_timings_where_it_is_told() -> None:
    _, options = names_and_options(Device("tensorrt", 0), engines=Path("cache/abc"))
    assert options["trt_engine_cache_enable"]
    assert options["trt_engine_cache_path"] == "cache/abc"
    assert options["trt_timing_cache_path"] == "cache/abc"
    assert names_and_options(Device("tensorrt", 0))[1] == {"device_id": 0, "trt_fp16_enable": False}
    assert names_and_options(Device("tensorrt", 0), "float16")[1]["trt_fp16_enable"]


def test_engines_lie_apart_by_model_gpu_and_versions(tmp_path: Path) -> None:
    def made(sha256: str = "abc", **changed: str | None) -> Path | None:
        machine = {"gpu": "NVIDIA H100 80GB", "onnxruntime": "1.31.1", "tensorrt": "101300"}
        return engine_folder(tmp_path, sha256, **(machine | changed))  # type: ignore[arg-type]

    first = made()
    assert first is not None
    assert first.is_dir()
    name = "NVIDIA-H100-80GB_onnxruntime-1.31.1_tensorrt-101300"
    assert first == tmp_path / "abc" / name
    changes = ({"gpu": "NVIDIA L4"}, {"onnxruntime": "1.32.0"}, {"tensorrt": "101400"})
    others = [made("abd"), *(made(**change) for change in changes)]
    assert len({first, *others}) == 5
    assert made(gpu=None) is None
    assert made(tensorrt=None) is None


def test_a_folder_for_engines_that_cannot_be_made_is_an_error_of_the_settings(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="TENSORRT_CACHE"):
        engine_folder(tmp_path / "file", "abc", gpu="L4", onnxruntime="1", tensorrt="1")
