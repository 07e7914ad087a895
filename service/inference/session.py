"""One ONNX Runtime session on one device."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.runtime import Runtime

Crop = NDArray[np.uint8]
DeviceKind = Literal["auto", "cpu", "cuda", "tensorrt"]

MASK_FLOOR = "mask_floor"
"""Input of models that need not draw masks: see `model_export.optimised.optional_mask`."""

_MOST_ON_CPU = 4

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


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """How sessions are opened.

    threads: intra-op threads of a CPU session, at least 1.
    buckets: batch sizes a GPU is given, ascending; the last is the largest batch anywhere.
    cache: where TensorRT keeps its engines; None builds them at each start.
    """

    threads: int
    buckets: tuple[int, ...]
    cache: Path | None = None


class Session:
    """Runs the network on batches of crops.

    Not for several threads at once: whoever owns it calls it from one.
    Raises ConfigurationError when the device asked for is not the device got.
    """

    def __init__(
        self, model: ModelFile, device: Device, plan: SessionPlan, runtime: Runtime
    ) -> None:
        self.device = device
        self._size = model.spec.input.size
        self._methods = len(model.spec.methods)
        self._buckets = plan.buckets
        self._threads = plan.threads
        self._outputs = ["fake_activation", "real_activation", "mask"]
        if self._methods:
            self._outputs.append("method_logits")
        if device.provider not in runtime.providers():
            raise _refused(device, runtime.providers())
        self._session = runtime.open(
            model.content, _provider_options(device, model, plan), threads=plan.threads
        )
        switches = [node.name for node in self._session.get_overridable_initializers()]
        self._masks_optional = MASK_FLOOR in switches
        got = self._session.get_providers()
        # A wheel with CUDA on a machine without falls back silently; only this list tells.
        if device.provider not in got:
            raise _refused(device, got)

    @property
    def largest_batch(self) -> int:
        """The most crops that `run` should be given at once."""
        if self.device.kind == "cpu":
            # On a CPU larger batches are no faster, and whoever comes next waits for longer.
            return min(self._buckets[-1], 2 * self._threads, _MOST_ON_CPU)
        return self._buckets[-1]

    def warm(self) -> None:
        """Run every batch size once, so that no request pays for allocation or tuning."""
        for bucket in self._buckets:
            if bucket <= self.largest_batch:
                self.run([self.blank()] * bucket)

    def blank(self) -> Crop:
        """A crop that any healthy session judges."""
        return np.zeros((self._size, self._size, 3), np.uint8)

    def run(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[Evidence]:
        """Judge crops, each uint8 (size, size, 3), at most the largest bucket of them.

        mask_floor: where no crop's fake_activation - real_activation is above it, no masks are
        drawn, if the model can go without.

        Raises whatever NumPy or ONNX Runtime raise for the batch, and ArithmeticError when
        an activation is not finite.
        """
        batch = np.empty((self._padded(len(crops)), self._size, self._size, 3), np.uint8)
        for place, crop in enumerate(crops):
            if crop.shape != batch.shape[1:] or crop.dtype != np.uint8:
                raise ValueError("a crop must be uint8 of the network's input size")
            batch[place] = crop
        batch[len(crops) :] = 0
        given: dict[str, object] = {"image": batch}
        if self._masks_optional:
            given[MASK_FLOOR] = np.array(mask_floor, np.float32)
        fake, real, mask, *rest = self._session.run(self._outputs, given)
        if not (np.isfinite(fake[: len(crops)]).all() and np.isfinite(real[: len(crops)]).all()):
            raise ArithmeticError("an activation is not finite")
        logits = rest[0] if rest else None
        return [
            Evidence(
                float(fake[i]),
                float(real[i]),
                mask[i] if len(mask) else None,
                None if logits is None else logits[i],
            )
            for i in range(len(crops))
        ]

    def _padded(self, count: int) -> int:
        if self.device.kind == "cpu":
            # CPU kernels are not tuned per shape, so padding would only be wasted work.
            return count
        return self._buckets[bisect_left(self._buckets, count)]


def choose_devices(kind: DeviceKind, indices: Sequence[int], runtime: Runtime) -> list[Device]:
    """The devices to open. `auto` is a GPU where the wheel has CUDA, else the CPU.

    Whether a GPU is really there shows only in an open session: see `Session`.
    """
    if kind == "auto":
        kind = "cuda" if _PROVIDERS["cuda"] in runtime.providers() else "cpu"
    if kind == "cpu":
        return [Device("cpu")]
    return [Device(kind, index) for index in indices]


def _refused(device: Device, offered: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The device '{device.name}' was asked for but ONNX Runtime offers only "
        f"{', '.join(offered)}: install unmask[gpu] on a machine with a working NVIDIA "
        "driver, or set UNMASK_DEVICE=cpu."
    )


def _provider_options(device: Device, model: ModelFile, plan: SessionPlan) -> list[object]:
    cuda = (_PROVIDERS["cuda"], {"device_id": device.index})
    if device.kind == "cpu":
        return [_PROVIDERS["cpu"]]
    if device.kind == "cuda":
        return [cuda, _PROVIDERS["cpu"]]
    options: dict[str, object] = {"device_id": device.index}
    if plan.cache is not None:
        # TensorRT keys its engines by GPU and version; the model's digest is ours to add.
        folder = str(plan.cache / model.sha256)
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": folder,
        }
    return [(_PROVIDERS["tensorrt"], options), cuda, _PROVIDERS["cpu"]]
