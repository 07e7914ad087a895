"""The same stages and the same model behind other servers, in interleaved rounds."""

import argparse
import base64
import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from service.runtime import usable_cpus
from service.settings import Settings
from tests.benchmarks import materials, results
from tests.benchmarks.client import ROOT, Load, picture_load, run_load
from tests.benchmarks.processes import cpu_share, kill_tree, memory_bytes
from tests.service.running import environment, free_port

OURS = "unmask"
_IDLE_S = 5.0
_START_S = 150.0


@dataclass(frozen=True, slots=True)
class Peer:
    """How a server is started and asked. package: what must be installed; None if nothing."""

    package: str | None
    command: Callable[[int, Path], list[str]]
    load: Callable[..., Load] = picture_load


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one server. failed: requests without a 200."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    idle_cores: float
    memory_bytes: int
    failed: int


def _module(name: str, *more: str) -> Callable[[int, Path], list[str]]:
    module = f"tests.benchmarks.peer_servers.{name}"
    return lambda port, model: ["-m", module, str(port), str(model), *more]


def _json_load(port: int, picture: bytes, **how: Any) -> Load:
    inner = json.dumps({"picture": base64.b64encode(picture).decode("ascii")}).encode()
    body = base64.b64encode(inner).decode("ascii")
    return Load(port, "/analyze", body, {"Content-Type": "application/json"}, **how)


PEERS = {
    OURS: Peer(None, lambda port, _: ["-m", "service.cli", "serve", "--port", str(port)]),
    "fastapi": Peer(None, _module("naive_fastapi", "1")),
    "fastapi, a process per core": Peer(None, _module("naive_fastapi", str(usable_cpus()))),
    "litserve": Peer("litserve", _module("lit_serve"), _json_load),
    "bentoml": Peer("bentoml", _module("bento")),
    "ray serve": Peer("ray", _module("ray_serve")),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="load in each round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print, and give the figures."""
    machine, skipped = results.machine(), {}
    rounds: dict[str, list[Round]] = {}
    for name in options.only:
        package = PEERS[name].package
        if package is not None and importlib.util.find_spec(package) is None:
            skipped[name] = f"the package {package} is not installed: pip install -e .[peers]"
        else:
            rounds[name] = []
    for number in range(options.rounds):
        for name in list(rounds):
            try:
                rounds[name].append(measure(PEERS[name], options))
            except RuntimeError as error:
                skipped[name] = str(error)
                del rounds[name]
            else:
                print(f"round {number + 1}, {name}: {rounds[name][-1]}", flush=True)
    medians = {name: _medians(measured) for name, measured in rounds.items()}
    for name, row in medians.items():
        print(
            f"{name:<28}{row['requests_per_s']:8.1f} /s  p50 {row['p50_ms']:8.1f} ms  p99 "
            f"{row['p99_ms']:8.1f} ms  {row['memory_bytes'] / 2**20:6.0f} MiB  idle "
            f"{row['idle_cores']:.2%} of a core  failed {row['failed']:g}"
        )
    for name, reason in skipped.items():
        print(f"{name:<28}skipped: {reason}")
    figures = {
        "machine": machine,
        "connections": options.connections,
        "medians": medians,
        "rounds": {name: [asdict(r) for r in measured] for name, measured in rounds.items()},
        "skipped": skipped,
        "ratios": _ratios(medians),
    }
    for name, ratio in figures["ratios"].items():
        print(f"{OURS} against {name}: {ratio:.2f} times the throughput")
    _plot(medians, options.out)
    return figures


def measure(peer: Peer, options: argparse.Namespace) -> Round:
    """One round: start, settle, idle, load, memory. Raises RuntimeError if it does not serve."""
    picture = materials.jpeg()
    with served(peer, options.model, picture) as (process, port):
        warm = peer.load(port, picture, connections=options.connections, seconds=2.0)
        run_load(warm)
        time.sleep(1.0)
        idle = cpu_share(process.pid, _IDLE_S)
        load = peer.load(port, picture, connections=options.connections, seconds=options.seconds)
        outcome = run_load(load)
        failed = len(outcome.answers) - outcome.statuses[200]
        return Round(
            outcome.rate(),
            outcome.percentile_ms(50),
            outcome.percentile_ms(99),
            idle,
            memory_bytes(process.pid),
            failed,
        )


@contextlib.contextmanager
def served(
    peer: Peer, model: Path, picture: bytes
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server that has given a good answer; all its processes are killed at the end."""
    port = free_port()
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            [sys.executable, *peer.command(port, model.absolute())],
            cwd=ROOT,
            env=environment(model.absolute(), PRECISION=Settings().precision),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
        try:
            end = time.monotonic() + _START_S
            probe = peer.load(port, picture, connections=1, requests=1, timeout_s=20.0)
            while run_load(probe).statuses[200] != 1:
                if process.poll() is not None:
                    said = f"exit code {process.returncode}: {_last_line(words)}"
                    raise RuntimeError(f"the server ended with {said}")
                if time.monotonic() > end:
                    said = f"{_START_S:.0f} seconds: {_last_line(words)}"
                    raise RuntimeError(f"the server gave no good answer within {said}")
                time.sleep(0.5)
            yield process, port
        finally:
            kill_tree(process.pid)
            process.wait()


def _last_line(words: TextIO) -> str:
    words.seek(0)
    lines = [line for line in words.read().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _medians(measured: list[Round]) -> dict[str, float]:
    rows = [asdict(each) for each in measured]
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def _ratios(medians: dict[str, dict[str, float]]) -> dict[str, float]:
    if OURS not in medians:
        return {}
    ours = medians[OURS]["requests_per_s"]
    return {n: ours / row["requests_per_s"] for n, row in medians.items() if n != OURS}


def _plot(medians: dict[str, dict[str, float]], folder: Path) -> None:
    figure, axes = results.canvas(3, "The same stages behind other servers")
    columns = (("requests_per_s", 1.0), ("p99_ms", 1.0), ("memory_bytes", 1 / 2**20))
    for axis, (key, factor) in zip(axes, columns, strict=True):
        axis.barh(list(medians), [factor * row[key] for row in medians.values()])
        axis.set_title("memory, MiB" if key == "memory_bytes" else key)
    results.save_plot("peers", figure, folder)
