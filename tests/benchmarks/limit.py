"""How many requests a second the hardware allows, and how many of them the service reaches."""

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from service.media.isolation import KEPT_BYTES
from service.memory import keep_freed_memory
from service.runtime import usable_cpus
from service.settings import Settings
from tests.benchmarks import materials, results
from tests.benchmarks.client import Outcome, picture_load, run_load
from tests.benchmarks.stages import Stages
from tests.service.running import running_server

STAGES = ("extract", "network", "report")


def bare_seconds(model: str, picture: bytes, stage: str, seconds: float) -> list[float]:
    """Time one stage again and again in this process, one thread: seconds of each run."""
    # As in the media workers: the limit must not be lower for want of it.
    keep_freed_memory(KEPT_BYTES)
    stages = Stages(Path(model), threads=1)
    extraction = stages.extract(picture)
    evidence = stages.judge(extraction)
    runs: dict[str, Any] = {
        "extract": lambda: stages.extract(picture),
        "network": lambda: stages.judge(extraction),
        "report": lambda: stages.report(extraction, evidence),
        "all": lambda: stages.analyze(picture),
    }
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 3:
        begun = time.perf_counter()
        runs[stage]()
        taken.append(time.perf_counter() - begun)
    return taken


def rate_on_all_cores(model: Path, picture: bytes, stage: str, seconds: float) -> float:
    """Runs of a stage a second with one process on each core, nothing else between them."""
    cores = usable_cpus()
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        jobs = [
            pool.submit(bare_seconds, str(model), picture, stage, seconds) for _ in range(cores)
        ]
        # Each process counts over its own time: they do not start at the same moment.
        return sum(len(taken) / sum(taken) for taken in (job.result() for job in jobs))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--picture",
        type=Path,
        help="what is posted; default: a JPEG of a face judged authentic, which is judged once",
    )
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 2, 4, 8, 16])


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and give the figures."""
    picture = materials.jpeg() if options.picture is None else options.picture.read_bytes()
    figures: dict[str, Any] = {"machine": results.machine(), "picture_bytes": len(picture)}
    bare: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "all")}
    served: dict[int, list[Outcome]] = {count: [] for count in options.connections}
    with running_server(options.model, PRECISION=Settings().precision) as server:
        run_load(picture_load(server.port, picture, connections=2, seconds=1.0))
        for number in range(options.rounds):
            for stage, rates in bare.items():
                rates.append(rate_on_all_cores(options.model, picture, stage, options.seconds / 2))
            for count, outcomes in served.items():
                load = picture_load(
                    server.port, picture, connections=count, seconds=options.seconds
                )
                outcomes.append(run_load(load))
            print(f"round {number + 1} of {options.rounds} done", flush=True)
    medians = {stage: median(values) for stage, values in bare.items()}
    limit = 1 / sum(1 / medians[stage] for stage in STAGES)
    rows = {count: row_of(outcomes) for count, outcomes in served.items()}
    best = max(row["requests_per_s"] for row in rows.values())
    figures |= {
        "stage_runs_per_s": medians,
        "limit_requests_per_s": limit,
        "served": rows,
        "share_of_limit": best / limit,
    }
    for stage in STAGES:
        cost = 1000 * usable_cpus() / medians[stage]
        print(f"{stage:<10}{medians[stage]:9.1f} a second on all cores, {cost:6.2f} ms of a core")
    print(f"limit     {limit:9.1f} requests a second")
    print(
        f"in turn   {medians['all']:9.1f} requests a second by one process per core that does "
        f"nothing but these stages: {medians['all'] / limit:.2f} of the limit"
    )
    for count, row in rows.items():
        print(
            f"{count:3d} connections: {row['requests_per_s']:7.1f} requests a second, p50 "
            f"{row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms, not answered 200: {row['other']}"
        )
    print(f"share of the limit: {best / limit:.2f} (the client's own work is not in the limit)")
    _plot(figures, options.out)
    return figures


def row_of(outcomes: list[Outcome]) -> dict[str, float]:
    """Medians over loads of one kind, and how many requests were not answered 200 in all."""
    return {
        "requests_per_s": median([outcome.rate() for outcome in outcomes]),
        "p50_ms": median([outcome.percentile_ms(50) for outcome in outcomes]),
        "p99_ms": median([outcome.percentile_ms(99) for outcome in outcomes]),
        "client_cores": median([outcome.cpu_s / outcome.seconds for outcome in outcomes]),
        "other": sum(len(o.answers) - o.statuses[200] for o in outcomes),
    }


def _plot(figures: dict[str, Any], folder: Path) -> None:
    figure, (stages, served) = results.canvas(2, "Bare cost and the running service")
    costs = [1000 / figures["stage_runs_per_s"][stage] for stage in STAGES]
    stages.bar(STAGES, costs)
    stages.set_ylabel("ms a request, all cores working")
    rows = figures["served"]
    served.plot(list(rows), [row["requests_per_s"] for row in rows.values()], marker="o")
    served.axhline(figures["limit_requests_per_s"], linestyle="--", label="limit")
    served.set_xlabel("connections")
    served.set_ylabel("requests a second")
    served.set_ylim(0)
    served.legend()
    results.save_plot("limit", figure, folder)
