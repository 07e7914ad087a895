"""Pictures posted while a ten-minute film is analysed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from tests.benchmarks import materials
from tests.benchmarks.client import Outcome, picture_load, run_load
from tests.load.verdict import Check
from tests.service.running import running_server

_SLOWDOWN = 2.0
_RATE = 10


def trial(model: Path, *, seconds: float = 600.0) -> Iterator[Check]:
    """A film of `seconds` in 1080p, 10 frames a second, against one picture at a time."""
    film = materials.film(seconds, 1920, 1080, rate=_RATE)
    with running_server(model) as server, ThreadPoolExecutor(1) as threads:

        def pictures(duration: float) -> Outcome:
            load = picture_load(server.port, materials.jpeg(), connections=1, seconds=duration)
            return run_load(load)

        def post_film() -> tuple[int, float]:
            begun = time.monotonic()
            address = f"http://127.0.0.1:{server.port}/analyze?mask=none"
            status = httpx.post(address, content=film, timeout=120.0).status_code
            return status, time.monotonic() - begun

        pictures(2.0)
        alone = float(np.median(pictures(5.0).latencies_ms()))
        answer = threads.submit(post_film)
        beside: list[float] = []
        while not answer.done():
            beside += pictures(1.0).latencies_ms().tolist()
        status, taken = answer.result()
    megabytes = len(film) / 2**20
    yield Check(
        f"a {seconds:g} s film is answered within its limits",
        status == httpx.codes.OK,
        f"status {status} after {taken:.1f} s, {megabytes:.1f} MiB",
    )
    beside_ms = float(np.median(beside))
    yield Check(
        f"it does not slow pictures by more than {_SLOWDOWN:g}",
        beside_ms <= _SLOWDOWN * alone,
        f"median {alone:.0f} ms alone, {beside_ms:.0f} ms beside it ({beside_ms / alone:.2f})",
    )
