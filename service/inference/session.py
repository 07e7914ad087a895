"""One ONNX Runtime session on one device."""

import logging
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.cuda import device_name, tensorrt_version
from service.inference.device import Device, engine_folder, made, provider_options, refused
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.inference.quickest import quickest
from service.inference.runs import BoundRun, Crop, PlainRun, Run
from service.inference.second_look import look_again
from service.runtime import Runtime

logger = logging.getLogger(__name__)

_MOST_ON_CPU = 4
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """How sessions are opened.

    threads: intra-op threads of a CPU session, at least 1.
    buckets: batch sizes a GPU is given, ascending; the last is the largest batch anywhere.
    cache: where TensorRT keeps its engines; None builds them at each start.
    graphs: whether batches may be captured as CUDA graphs, where the model always draws masks.
    """

    threads: int
    buckets: tuple[int, ...]
    cache: Path | None = None
    graphs: bool = True


class Session:
    """Runs the network on batches of crops.

    Not for several threads at once: whoever owns it calls it from one.
    Raises ConfigurationError when the device asked for is not the device got.
    """

    def __init__(
        self, model: ModelFile, device: Device, plan: SessionPlan, runtime: Runtime
    ) -> None:
        self.device = device
        self._model, self._runtime = model, runtime
        self._size = model.spec.input.size
        self._buckets = plan.buckets
        self._threads = plan.threads
        if device.provider not in runtime.providers():
            raise refused(device, runtime.providers())
        # ONNX Runtime captures no graph with a branch.
        self._graphs = plan.graphs and device.kind == "cuda" and not model.masks_optional
        self._engines = self._engine_folder(plan.cache)
        session = self._open(graphs=False)
        got = session.get_providers()
        # A wheel with CUDA on a machine without falls back silently; only this list tells.
        if device.provider not in got:
            raise refused(device, got)
        self._plain = PlainRun(session, model)
        self._runs: dict[int, Run] = {}

    @property
    def largest_batch(self) -> int:
        """The most crops that `run` should be given at once."""
        if self.device.kind == "cpu":
            # On a CPU larger batches are no faster, and whoever comes next waits for longer.
            return min(self._buckets[-1], 2 * self._threads, _MOST_ON_CPU)
        return self._buckets[-1]

    @property
    def ways(self) -> dict[int, str]:
        """How batches of each size are run, once the session is warm; others run plain."""
        return {count: run.name for count, run in self._runs.items()}

    def warm(self) -> None:
        """Run every batch size, so that no request pays for allocation or tuning.

        On a GPU each size gets an ONNX Runtime session of its own, whose convolutions are planned
        for one shape: they are planned anew whenever it changes. In it runs what is quickest there,
        see `quickest`.
        """
        for bucket in self._buckets:
            if bucket > self.largest_batch:
                break
            if self.device.kind == "cpu":
                self.run([self.blank()] * bucket)
            elif bucket not in self._runs:
                self._runs[bucket] = self._tuned(bucket)
        if self._runs:
            logger.info("batches on %s, by size: %s", self.device.name, self.ways)

    def blank(self) -> Crop:
        """A crop that any healthy session judges."""
        return np.zeros((self._size, self._size, 3), np.uint8)

    def run(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[Evidence]:
        """Judge crops, each uint8 (size, size, 3), at most the largest bucket of them.

        Where the model asks for it, crops that are not clearly real are judged twice, see
        `look_again`.
        mask_floor: where no crop's fake_activation - real_activation is above it in the end, no
        masks are given, if the model can go without.

        Raises whatever NumPy or ONNX Runtime raise for the batch, and ArithmeticError when
        an activation or a method's logit is not finite.
        """
        for crop in crops:
            if crop.shape != (self._size, self._size, 3) or crop.dtype != np.uint8:
                raise ValueError("a crop must be uint8 of the network's input size")
        above = self._model.spec.second_look
        again: NDArray[np.int64] = np.empty(0, np.int64)
        if above is None:
            outputs = self._look(crops, mask_floor)
        else:
            # What is looked at twice needs its mask from both looks, and a device may round the
            # difference in its graph otherwise than it is rounded here.
            outputs = self._look(crops, min(mask_floor, above - _ROUNDING))
            outputs, again = look_again(outputs, crops, above, self._look)
        fake, real, mask, *rest = outputs
        if self._model.masks_optional and not np.any(fake - real > mask_floor):
            mask = mask[:0]
        logits = rest[0] if rest else None
        return [
            Evidence(
                float(fake[i]),
                float(real[i]),
                mask[i] if len(mask) else None,
                None if logits is None else logits[i],
                2 if i in again else 1,
            )
            for i in range(len(crops))
        ]

    def _look(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        count = self._padded(len(crops))
        batch = [*crops, *[self.blank()] * (count - len(crops))]
        outputs = [
            found[: len(crops)] for found in self._runs.get(count, self._plain)(batch, mask_floor)
        ]
        fake, real, _, *logits = outputs
        if not all(np.isfinite(numbers).all() for numbers in (fake, real, *logits)):
            raise ArithmeticError("an activation or a logit is not finite")
        return outputs

    def close(self) -> None:
        """Let go of what is held on the device. Nothing can be run after that."""
        self._runs.clear()
        del self._plain

    def _engine_folder(self, cache: Path | None) -> Path | None:
        if cache is None or self.device.kind != "tensorrt":
            return None
        self._runtime.load_cuda()
        return engine_folder(
            cache,
            self._model.sha256,
            gpu=device_name(self.device.index or 0),
            onnxruntime=self._runtime.version,
            tensorrt=tensorrt_version(),
        )

    def _open(self, *, graphs: bool, count: int | None = None) -> Any:
        """A session for batches of `count`; None for all sizes."""
        engines = self._engines
        if engines is not None:
            # TensorRT widens an engine that it finds there to the sizes that come, and plans it for
            # the largest; and two GPUs of a kind would write the same file.
            engines = made(engines / f"gpu{self.device.index}-{count or 'all'}")
        options = provider_options(
            self.device, self._model.spec.precision, engines=engines, graphs=graphs
        )
        return self._runtime.open(self._model.content, options, threads=self._threads)

    def _tuned(self, count: int) -> Run:
        """The quickest run of so many crops, in a session of its own."""
        if self._graphs:
            try:
                return self._quickest(count, graphs=True)
            except Exception as error:  # noqa: BLE001 - what no graph spoils may still run
                reason = f"{type(error).__name__}: {error}"
                logger.warning("no CUDA graph for batches of %d: %s", count, reason)
        return self._quickest(count, graphs=False)

    def _quickest(self, count: int, *, graphs: bool) -> Run:
        session = self._open(graphs=graphs, count=count)
        options = self._runtime.run_options(graph=None) if graphs else None
        bound = partial(BoundRun, session, self._model, self.device, count, self._runtime)
        others = [bound, partial(bound, captured=True)] if graphs else [bound]
        return quickest(PlainRun(session, self._model, options), others, count, self._size)

    def _padded(self, count: int) -> int:
        if self.device.kind == "cpu":
            # CPU kernels are not tuned per shape, so padding would only be wasted work.
            return count
        return self._buckets[bisect_left(self._buckets, count)]
