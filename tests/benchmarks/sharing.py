"""One process against several that share its port, each with cores of its own."""

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from service.errors import ConfigurationError
from service.settings import Settings
from tests.benchmarks import materials, results
from tests.benchmarks.client import Outcome, picture_load, run_load
from tests.benchmarks.limit import row_of
from tests.service.running import free_port, running_server, wait_until_ready


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--processes", type=int, default=2, help="how many share the port")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each load")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--connections", type=int, default=16)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure in turn, print, and give the figures.

    Raises ConfigurationError where there are fewer cores than processes.
    """
    outcomes: dict[str, list[Outcome]] = {"one": [], "several": []}
    with (
        sharing_servers(options.model, options.processes) as port,
        running_server(options.model, PRECISION=Settings().precision) as one,
    ):
        ports = {"one": one.port, "several": port}
        for number in range(options.rounds):
            # Whoever is first in a round would always get the machine's better or worse moment.
            for name in [*ports][:: 1 if number % 2 == 0 else -1]:
                load = picture_load(
                    ports[name],
                    materials.jpeg(),
                    connections=options.connections,
                    seconds=options.seconds,
                )
                outcomes[name].append(run_load(load))
    rows = {name: row_of(found) for name, found in outcomes.items()}
    pairs = zip(outcomes["one"], outcomes["several"], strict=True)
    ratio = median([several.rate() / one.rate() for one, several in pairs])
    for name, row in rows.items():
        print(
            f"{name:<8}{row['requests_per_s']:7.1f} requests a second, p50 {row['p50_ms']:.1f} ms, "
            f"p99 {row['p99_ms']:.1f} ms, not answered 200: {row['other']}"
        )
    print(f"{options.processes} processes: {ratio:.2f} times as many as one, median of the rounds")
    figures = {
        "machine": results.machine(),
        "processes": options.processes,
        "connections": options.connections,
        "rows": rows,
        "ratio": ratio,
    }
    _plot(figures, options.out)
    return figures


@contextmanager
def sharing_servers(model: Path, processes: int) -> Iterator[int]:
    """Ready servers at one port, the usable cores divided among them; gives the port."""
    usable = sorted(os.sched_getaffinity(0))
    if processes > len(usable):
        raise ConfigurationError(f"{processes} processes need as many cores: {len(usable)} here")
    port = free_port()
    with ExitStack() as stack:
        for number in range(processes):
            own = free_port()
            # What a process starts inherits its cores, and counts them.
            os.sched_setaffinity(0, usable[number::processes])
            try:
                server = stack.enter_context(
                    running_server(
                        model,
                        PORT=str(port),
                        PRECISION=Settings().precision,
                        SERVER__SHARED_PORT="true",
                        SERVER__OWN_PORT=str(own),
                    )
                )
                client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{own}"))
                wait_until_ready(server.process, client)
            finally:
                os.sched_setaffinity(0, usable)
        yield port


def _plot(figures: dict[str, Any], folder: Path) -> None:
    figure, (rates,) = results.canvas(1, "One process, and several at one port")
    rates.bar([*figures["rows"]], [row["requests_per_s"] for row in figures["rows"].values()])
    rates.set_ylabel("requests a second")
    results.save_plot("sharing", figure, folder)
