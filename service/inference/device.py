"""Where a session runs, and what ONNX Runtime is told about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.cuda import device_name, tensorrt_version
from service.errors import ConfigurationError
from service.runtime import Runtime

DeviceKind = Literal["auto", "cpu", "cuda", "tensorrt"]

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session runs. index: number of the GPU; None for the CPU."""

    kind: Literal["cpu", "cuda", "tensorrt"]
    index: int | None = None

    @property
    def name(self) -> str:
        return self.kind if self.index is None else f"{self.kind}:{self.index}"

    @property
    def provider(self) -> str:
        return _PROVIDERS[self.kind]


def choose_devices(kind: DeviceKind, indices: Sequence[int], runtime: Runtime) -> list[Device]:
    """The devices to open. `auto` is a GPU where the wheel has CUDA, else the CPU.

    Whether a GPU is really there shows only in an open session: see `Session`.
    """
    if kind == "auto":
        kind = "cuda" if _PROVIDERS["cuda"] in runtime.providers() else "cpu"
    if kind == "cpu":
        return [Device("cpu")]
    return [Device(kind, index) for index in indices]


def refused(device: Device, offered: Sequence[str]) -> ConfigurationError:
    """The error for a device that was asked for and is not there."""
    return ConfigurationError(
        f"The device '{device.name}' was asked for but ONNX Runtime offers only "
        f"{', '.join(offered)}: install unmask[gpu] on a machine with a working NVIDIA "
        "driver, or set UNMASK_DEVICE=cpu."
    )


def engine_folder(cache: Path, device: Device, sha256: str, runtime: Runtime) -> Path:
    """Where the engines of a model lie that TensorRT builds on a device.

    They hold for one model, one kind of GPU, and one version of each library: ONNX Runtime's page
    on its TensorRT provider asks for an empty folder whenever any of these changes.
    """
    gpu = None if device.index is None else device_name(device.index)
    libraries = f"onnxruntime-{runtime.version}_tensorrt-{tensorrt_version()}"
    return cache / sha256 / f"{re.sub(r'[^A-Za-z0-9]+', '-', str(gpu))}_{libraries}"


def provider_options(
    device: Device, *, engines: Path | None = None, graphs: bool = False
) -> list[object]:
    """The execution providers of a session with their options, the wanted one first.

    engines: see `engine_folder`; None builds them at each start.
    graphs: whether runs on CUDA may be captured as CUDA graphs.
    """
    if device.kind == "cpu":
        return [_PROVIDERS["cpu"]]
    options: dict[str, object] = {"device_id": device.index}
    # TensorFloat-32 keeps ten bits of each product's factors; whoever wants speed for that price
    # has the half-precision file, which says what it costs.
    cuda = (_PROVIDERS["cuda"], {**options, "use_tf32": 0, "enable_cuda_graph": int(graphs)})
    if device.kind == "cuda":
        return [cuda, _PROVIDERS["cpu"]]
    if engines is not None:
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(engines),
        }
    return [(_PROVIDERS["tensorrt"], options), cuda, _PROVIDERS["cpu"]]
