"""How cost grows: time and peak memory against batch, faces, resolution, length and frames."""

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import materials, results
from tests.benchmarks.stages import Stages


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement. seconds: median of the runs; peak_bytes: of the process that ran them."""

    value: float
    seconds: float
    peak_bytes: int


def measure(model: str, axis: str, value: float, rounds: int) -> Point:
    """Measure one point of an axis; in a process of its own, so that the peak is its own."""
    stages = Stages(Path(model), threads=1)
    job: Any
    if axis == "batch":
        crops = list(materials.crops(int(value), stages.model.spec.input.size))
        job = lambda: stages.session.run(crops)  # noqa: E731 - one of three jobs
    else:
        data, frames = _upload(axis, value)
        plan = stages.plan
        stages.plan = type(plan)(plan.limits, frames, plan.max_faces, plan.crop, plan.detector)
        job = lambda: stages.analyze(data)  # noqa: E731
    taken = []
    for number in range(rounds + 1):
        begun = time.perf_counter()
        job()
        if number:  # the first run pays for allocation
            taken.append(time.perf_counter() - begun)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Point(value, sorted(taken)[len(taken) // 2], peak)


def _upload(axis: str, value: float) -> tuple[bytes, int]:
    if axis == "faces in a picture":
        return materials.jpeg(1920, 1080, int(value)), 16
    if axis == "megapixels":
        height = round((value * 1e6 * 9 / 16) ** 0.5)
        return materials.jpeg(round(height * 16 / 9), height), 16
    if axis == "seconds of clip":
        return materials.film(value), 16
    if axis == "frames sampled":
        return materials.film(4), int(value)
    raise ValueError(axis)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="the two smallest points of each")


AXES: dict[str, tuple[float, ...]] = {
    "batch": (1, 2, 4, 8, 16),
    "faces in a picture": (0, 1, 2, 4, 8),
    "megapixels": (0.3, 1, 2, 8, 24),
    "seconds of clip": (1, 5, 20, 60),
    "frames sampled": (1, 4, 16, 64),
}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and give the figures."""
    figures: dict[str, Any] = {"machine": results.machine(), "axes": {}}
    for axis, values in AXES.items():
        print(axis)
        points = []
        for value in values[:2] if options.quick else values:
            # Spawned: a forked child would begin with this process's memory.
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, context) as pool:
                job = pool.submit(measure, str(options.model), axis, value, options.rounds)
                point = job.result()
            points.append(point)
            print(
                f"  {point.value:6g}: {1000 * point.seconds:9.1f} ms, peak "
                f"{point.peak_bytes / 2**20:6.0f} MiB",
                flush=True,
            )
        figures["axes"][axis] = [
            {"value": p.value, "seconds": p.seconds, "peak_bytes": p.peak_bytes} for p in points
        ]
    _plot(figures, options.out)
    return figures


def _plot(figures: dict[str, Any], folder: Path) -> None:
    figure, plots = results.canvas(len(figures["axes"]), "Cost against size, one thread")
    for plot, (axis, points) in zip(plots, figures["axes"].items(), strict=True):
        values = [point["value"] for point in points]
        plot.plot(values, [1000 * point["seconds"] for point in points], marker="o")
        plot.set_xlabel(axis)
        plot.set_ylabel("ms")
        plot.set_ylim(0)
        memory = plot.twinx()
        megabytes = [point["peak_bytes"] / 2**20 for point in points]
        memory.plot(values, megabytes, marker="s", color="tab:orange")
        memory.set_ylabel("peak MiB (orange)")
        memory.set_ylim(0)
    results.save_plot("scaling", figure, folder)
