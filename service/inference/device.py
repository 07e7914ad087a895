"""Where a session runs, and what ONNX Runtime is told about it."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.errors import ConfigurationError
from service.runtime import Runtime

logger = logging.getLogger(__name__)

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
    runtime.load_cuda()
    return [Device(kind, index) for index in indices]


def refused(device: Device, offered: Sequence[str]) -> ConfigurationError:
    """The error for a device that was asked for and is not there."""
    return ConfigurationError(
        f"The device '{device.name}' was asked for but ONNX Runtime offers only "
        f"{', '.join(offered)}: install unmask[gpu] on a machine with a working NVIDIA "
        "driver, or set UNMASK_DEVICE=cpu."
    )


def engine_folder(
    cache: Path, sha256: str, *, gpu: str | None, onnxruntime: str, tensorrt: str | None
) -> Path | None:
    """Makes the folder for the engines of a model that TensorRT builds on a GPU.

    They hold for one model, one kind of GPU, and one version of each library: ONNX Runtime's page
    on its TensorRT provider asks for an empty folder whenever any of these changes. None where GPU
    or version cannot be told. Raises ConfigurationError where the folder cannot be made.
    """
    if gpu is None or tensorrt is None:
        logger.warning("engines are not kept: the GPU or TensorRT's version cannot be told")
        return None
    name = re.sub(r"[^A-Za-z0-9]+", "-", gpu)
    return made(cache / sha256 / f"{name}_onnxruntime-{onnxruntime}_tensorrt-{tensorrt}")


def made(folder: Path) -> Path:
    """A folder for engines, made where it is not there. Raises ConfigurationError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"UNMASK_INFERENCE__TENSORRT_CACHE: {folder} cannot be made: {error.strerror}."
        ) from error
    return folder


def provider_options(
    device: Device, precision: str, *, engines: Path | None = None, graphs: bool = False
) -> list[object]:
    """The execution providers of a session with their options, the wanted one first.

    precision: of the model file, "float32" or "float16".
    engines: see `engine_folder`; None builds them at each start.
    graphs: whether runs on CUDA may be captured as CUDA graphs.
    """
    if device.kind == "cpu":
        return [_PROVIDERS["cpu"]]
    options: dict[str, object] = {"device_id": device.index}
    cuda_options = options | {"enable_cuda_graph": int(graphs)}
    if precision == "float32":
        # Ten bits of each factor are not what the file was checked with. Set for a half file, it
        # would keep that one off the tensor cores, too.
        cuda_options["use_tf32"] = 0
    cuda = (_PROVIDERS["cuda"], cuda_options)
    if device.kind == "cuda":
        return [cuda, _PROVIDERS["cpu"]]
    options["trt_fp16_enable"] = precision == "float16"
    if engines is not None:
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(engines),
        }
    return [(_PROVIDERS["tensorrt"], options), cuda, _PROVIDERS["cpu"]]
