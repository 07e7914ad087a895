"""Resident memory over many requests."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import materials
from tests.benchmarks.client import picture_load, run_load
from tests.benchmarks.processes import memory_bytes, resident_bytes
from tests.load.verdict import Check
from tests.service.running import running_server

_PARTS = 10
_GROWTH = 1.05
_SLACK_BYTES = 8 * 2**20
"""Allocators keep a little more after a rare large moment; a leak of one crop a request would
be 190 MiB in a thousand requests."""


def trial(model: Path, *, requests: int = 10_000) -> Iterator[Check]:
    """Compare the memory after the first tenth, when all pools are filled, with the end's."""
    picture = materials.jpeg()
    readings: list[tuple[int, int]] = []
    failed = 0
    with running_server(model) as server:
        for _ in range(_PARTS):
            load = picture_load(
                server.port, picture, connections=8, seconds=3600.0, requests=requests // _PARTS
            )
            outcome = run_load(load)
            failed += len(outcome.answers) - outcome.statuses[200]
            readings.append((resident_bytes(server.process.pid), memory_bytes(server.process.pid)))
    first, last = readings[0], readings[-1]
    flat = all(b <= _GROWTH * a + _SLACK_BYTES for a, b in zip(first, last, strict=True))
    trail = ", ".join(f"{resident / 2**20:.0f}/{pss / 2**20:.0f}" for resident, pss in readings)
    yield Check(
        f"memory is flat over {requests} requests",
        flat and not failed,
        f"MiB of the HTTP process / of all processes after each tenth: {trail}; {failed} failed",
    )
