"""One ONNX Runtime session on one device."""

import logging
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import ConfigurationError
from service.inference.device import Device, engine_folder, provider_options, refused
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.inference.quickest import quickest
from service.inference.runs import BoundRun, Crop, PlainRun, Run
from service.runtime import Runtime

logger = logging.getLogger(__name__)

_MOST_ON_CPU = 4


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
        self._session = self._open(plan)
        got = self._session.get_providers()
        # A wheel with CUDA on a machine without falls back silently; only this list tells.
        if device.provider not in got:
            raise refused(device, got)
        options = runtime.run_options(graph=None) if self._graphs else None
        self._plain = PlainRun(self._session, model, options)
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

        On a GPU each size gets the way that is quickest there, see `quickest`.
        """
        for bucket in self._buckets:
            if bucket > self.largest_batch:
                break
            if self.device.kind == "cpu":
                self.run([self.blank()] * bucket)
            else:
                self._runs[bucket] = quickest(
                    self._plain, self._faster(bucket), self._noise(bucket)
                )
        if self._runs:
            logger.info("batches on %s, by size: %s", self.device.name, self.ways)

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
        for crop in crops:
            if crop.shape != (self._size, self._size, 3) or crop.dtype != np.uint8:
                raise ValueError("a crop must be uint8 of the network's input size")
        count = self._padded(len(crops))
        batch = [*crops, *[self.blank()] * (count - len(crops))]
        fake, real, mask, *rest = self._runs.get(count, self._plain)(batch, mask_floor)
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

    def _open(self, plan: SessionPlan) -> Any:
        engines = None
        if plan.cache is not None:
            engines = engine_folder(plan.cache, self.device, self._model.sha256, self._runtime)
        content, threads = self._model.content, plan.threads
        if self._graphs:
            try:
                options = provider_options(self.device, graphs=True)
                return self._runtime.open(content, options, threads=threads)
            except ConfigurationError as error:
                logger.warning("batches are not captured as CUDA graphs: %s", error)
                self._graphs = False
        return self._runtime.open(
            content, provider_options(self.device, engines=engines), threads=threads
        )

    def _faster(self, count: int) -> list[Callable[[], Run]]:
        bound = partial(BoundRun, self._session, self._model, self.device, count, self._runtime)
        return [bound, partial(bound, captured=True)] if self._graphs else [bound]

    def _noise(self, count: int) -> list[Crop]:
        random = np.random.default_rng(count)
        return [
            random.integers(0, 256, (self._size, self._size, 3), np.uint8) for _ in range(count)
        ]

    def _padded(self, count: int) -> int:
        if self.device.kind == "cpu":
            # CPU kernels are not tuned per shape, so padding would only be wasted work.
            return count
        return self._buckets[bisect_left(self._buckets, count)]
