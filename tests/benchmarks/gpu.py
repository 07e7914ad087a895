"""On a GPU: equality with the CPU, the network's speed, the service's speed, device memory."""

import argparse
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from service.inference.device import Device, provider_options
from service.inference.evidence import Evidence
from service.inference.model_file import MASK_FLOOR, ModelFile, read_model_file
from service.inference.precision import in_precision
from service.inference.session import Session, SessionPlan
from service.runtime import Runtime, device_memory_bytes
from tests.benchmarks import materials, results
from tests.benchmarks.client import Outcome, picture_load, run_load
from tests.benchmarks.limit import rate_on_all_cores
from tests.service.looks import looking_again
from tests.service.running import Running, running_server

BATCHES = (1, 2, 4, 8, 16, 32, 64)
TOLERANCES = {"float32": (1e-3, 2), "float16": (1e-2, 8)}
"""Of activations, and of masks in grey levels, by the precision of the file on the GPU."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest differences between two devices on the same crops."""

    activation: float
    mask: int

    def good(self, precision: str) -> bool:
        """Within both tolerances of a file's precision."""
        activation, mask = TOLERANCES[precision]
        return self.activation <= activation and self.mask <= mask


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the load")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--kind", choices=("cuda", "tensorrt"), default="cuda")
    parser.add_argument(
        "--precision",
        choices=("float32", "float16"),
        default="float32",
        help="float16: the half-precision file, compared with the float one on the CPU",
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and give the figures. Raises ConfigurationError without a GPU."""
    runtime = Runtime()
    exact = read_model_file(options.model, runtime)
    device = Device(options.kind, 0)
    model = in_precision(exact, device, options.precision, runtime)
    plan = SessionPlan(threads=1, buckets=BATCHES)
    session = Session(looking_again(model, None), device, plan, runtime)
    session.warm()
    reference = Session(looking_again(exact, None), Device("cpu"), plan, runtime)
    difference = compare(session, reference, model.spec.input.size)
    good = difference.good(model.spec.precision)
    # Each line as soon as it is known: whoever borrows a GPU by the minute may be cut.
    print(
        f"parity with the CPU: activations within {difference.activation:.1e}, masks within "
        f"{difference.mask} grey levels: {'PASS' if good else 'FAIL'}"
    )
    ways = {str(batch): way for batch, way in session.ways.items()}
    rates, bounds = {}, {}
    for batch in BATCHES:
        rate = rates[str(batch)] = _rate(session, batch, model.spec.input.size)
        bound = bounds[str(batch)] = resident_rate(model, device, batch, runtime)
        print(
            f"batch {batch:>3}: {rate:7.0f} faces judged once a second, {ways[str(batch)]}; "
            f"{bound:7.0f} if nothing left the device: {rate / bound:.2f} of that"
        )
    del session, reference
    decodable = rate_on_all_cores(options.model, materials.jpeg(), "extract", 3.0)
    print(f"decoded, faces found and cut: {decodable:.1f} requests a second on all cores")
    outcome, histogram, memory = _serve(options)
    print(
        f"served: {outcome.rate():.1f} requests a second, {outcome.rate() / decodable:.2f} of "
        f"that, p50 {outcome.percentile_ms(50):.1f} ms, p99 {outcome.percentile_ms(99):.1f} ms, "
        f"batches up to each size: {histogram}"
    )
    if memory:
        print(f"device memory: {memory[0][1] / 2**20:.0f} to {memory[-1][1] / 2**20:.0f} MiB")
    figures = {
        "machine": results.machine(),
        "device": device.name,
        "precision": model.spec.precision,
        "parity": {
            "activation": difference.activation,
            "mask": difference.mask,
            "good": good,
        },
        "network_faces_per_s": rates,
        "bound_faces_per_s": bounds,
        "ways": ways,
        "decodable_requests_per_s": decodable,
        "served_requests_per_s": outcome.rate(),
        "served_p50_ms": outcome.percentile_ms(50),
        "served_p99_ms": outcome.percentile_ms(99),
        "batch_sizes": histogram,
        "device_memory": memory,
    }
    _plot(figures, options.out)
    return figures


def compare(one: Session, other: Session, size: int) -> Difference:
    """The largest differences of two sessions over crops of a face."""
    crops = list(materials.crops(16, size))
    activation, mask = 0.0, 0
    for start in range(0, len(crops), 4):
        batch = crops[start : start + 4]
        for a, b in zip(one.run(batch), other.run(batch), strict=True):
            activation = max(activation, _apart(a, b))
            if a.mask is not None and b.mask is not None:
                mask = max(mask, int(np.abs(a.mask.astype(int) - b.mask.astype(int)).max()))
    return Difference(activation, mask)


def _apart(one: Evidence, other: Evidence) -> float:
    return max(
        abs(one.fake_activation - other.fake_activation),
        abs(one.real_activation - other.real_activation),
    )


def _rate(session: Session, batch: int, size: int, seconds: float = 1.5) -> float:
    crops = list(materials.crops(batch, size))
    session.run(crops)
    return _times_a_second(lambda: session.run(crops), seconds) * batch


def resident_rate(
    model: ModelFile, device: Device, batch: int, runtime: Runtime, seconds: float = 1.5
) -> float:
    """Faces a second where crops lie on the device and masks stay there: what copies cost."""
    providers = provider_options(device, model.spec.precision)
    session = runtime.open(model.content, providers, threads=1)
    pixels = materials.crops(batch, model.spec.input.size)
    image = runtime.tensor(pixels.shape, np.uint8, device.index)
    image.update_inplace(pixels)
    binding = session.io_binding()
    binding.bind_ortvalue_input("image", image)
    if model.masks_optional:
        floor = runtime.wrapped(np.array(-np.inf, np.float32))
        binding.bind_ortvalue_input(MASK_FLOOR, floor)
    for name in model.spec.outputs:
        binding.bind_output(name, "cpu" if device.index is None else "cuda", device.index or 0)
    for _ in range(3):
        session.run_with_iobinding(binding)
    return _times_a_second(lambda: session.run_with_iobinding(binding), seconds) * batch


def _times_a_second(run: Callable[[], object], seconds: float) -> float:
    runs, begun = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        run()
        runs += 1
    return runs / elapsed


def _serve(
    options: argparse.Namespace,
) -> tuple[Outcome, dict[str, float], list[tuple[float, int]]]:
    settings = {
        "DEVICE": options.kind,
        "PRECISION": options.precision,
        "INFERENCE__BUCKETS": str(list(BATCHES)),
    }
    memory: list[tuple[float, int]] = []
    stop = threading.Event()

    def watch() -> None:
        begun = time.perf_counter()
        while not stop.wait(0.5):
            used = device_memory_bytes(0)
            if used is not None:
                memory.append((time.perf_counter() - begun, used))

    with running_server(options.model, **settings) as server:
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            load = picture_load(
                server.port,
                materials.jpeg(),
                connections=options.connections,
                seconds=options.seconds,
            )
            outcome = run_load(load)
        finally:
            stop.set()
            watcher.join()
        return outcome, _batch_sizes(server), memory


def _batch_sizes(server: Running) -> dict[str, float]:
    """The histogram of batch sizes: how many batches were at most each size."""
    text = server.client.get("/metrics").text
    return {
        sample.labels["le"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "unmask_batch_size_bucket"
    }


def _plot(figures: dict[str, Any], folder: Path) -> None:
    figure, (rates, memory) = results.canvas(2, f"On {figures['device']}")
    faces = figures["network_faces_per_s"]
    rates.plot([int(batch) for batch in faces], list(faces.values()), marker="o", label="judged")
    bounds = figures["bound_faces_per_s"]
    rates.plot([int(batch) for batch in bounds], list(bounds.values()), "--", label="no copies")
    rates.legend()
    rates.set_xlabel("batch size")
    rates.set_ylabel("faces a second")
    rates.set_ylim(0)
    used = figures["device_memory"]
    memory.plot([second for second, _ in used], [amount / 2**20 for _, amount in used])
    memory.set_xlabel("seconds under load")
    memory.set_ylabel("device memory, MiB")
    results.save_plot("gpu", figure, folder)
