"""Devices are chosen as they are asked for, and ONNX Runtime is told what they need."""

import re
from pathlib import Path
from typing import Any

import pytest

from service.cuda import device_name, tensorrt_version
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


def names_and_options(device: Device, **more: Any) -> tuple[list[str], dict[str, Any]]:
    """The providers of a session by name, and the options of the first."""
    providers: list[Any] = provider_options(device, **more)
    names = [each if isinstance(each, str) else each[0] for each in providers]
    return names, {} if isinstance(providers[0], str) else providers[0][1]


def test_the_cpu_stands_behind_every_device() -> None:
    devices = (CPU, Device("cuda", 1), Device("tensorrt", 1))
    assert [names_and_options(device)[0] for device in devices] == [
        ["CPUExecutionProvider"],
        ["CUDAExecutionProvider", "CPUExecutionProvider"],
        ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
    ]


@pytest.mark.parametrize("graphs", [False, True])
def test_cuda_computes_in_full_floats_and_captures_graphs_where_asked(graphs: bool) -> None:
    _, options = names_and_options(Device("cuda", 2), graphs=graphs)
    assert options == {"device_id": 2, "use_tf32": 0, "enable_cuda_graph": int(graphs)}


def test_tensorrt_keeps_engines_and_timings_where_it_is_told() -> None:
    _, options = names_and_options(Device("tensorrt", 0), engines=Path("cache/abc"))
    assert options["trt_engine_cache_enable"]
    assert options["trt_engine_cache_path"] == "cache/abc"
    assert options["trt_timing_cache_path"] == "cache/abc"
    assert names_and_options(Device("tensorrt", 0))[1] == {"device_id": 0}


def test_engines_lie_apart_by_model_gpu_and_versions(runtime: Runtime, tmp_path: Path) -> None:
    def folder(sha256: str) -> Path:
        return engine_folder(tmp_path, Device("tensorrt", 0), sha256, runtime)

    assert folder("abc").parent == tmp_path / "abc"
    assert folder("abc") != folder("abd")
    gpu, libraries = folder("abc").name.split("_", 1)
    assert gpu == re.sub("[^A-Za-z0-9]+", "-", str(device_name(0)))
    assert libraries == f"onnxruntime-{runtime.version}_tensorrt-{tensorrt_version()}"
