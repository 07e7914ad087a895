"""`kill -9` on the decoding processes of a server at work costs only what they were decoding."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media_files import clip, moving
from tests.service.api.test_metrics import scrape
from tests.service.running import Running, running_server


@pytest.fixture(scope="module")
def server(model_path: Path) -> Iterator[Running]:
    with running_server(model_path, MEDIA__WORKERS="2") as running:
        yield running


def workers_of(server: Running) -> list[int]:
    """The process ids of a server's decoding processes."""
    found: list[int] = []
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        # Threads and processes may end while they are looked at.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                if b"service.media.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def seconds_used(worker: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_ready(server: Running) -> None:
    deadline = time.monotonic() + 60
    while server.client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "the server did not heal"
        time.sleep(0.1)


def until_restarted(server: Running) -> None:
    """A worker counts as replaced when the new one is warm, which takes it a second."""
    deadline = time.monotonic() + 60
    while scrape(server.client)['unmask_worker_restarts_total{pool="media"}'] < 1:
        assert time.monotonic() < deadline, "no worker was replaced"
        time.sleep(0.1)


def test_a_worker_killed_in_the_middle_of_a_clip_costs_that_clip(
    server: Running, astronaut: NDArray[np.uint8], astronaut_jpeg: bytes
) -> None:
    long = clip(moving(astronaut, 80))
    address = f"http://127.0.0.1:{server.port}/analyze?mask=none&max_frames=60"
    before = {worker: seconds_used(worker) for worker in workers_of(server)}
    assert len(before) == 2
    with ThreadPoolExecutor(1) as threads:
        posted = threads.submit(httpx.post, address, content=long, timeout=60)
        busy = None
        while busy is None:
            assert not posted.done()
            time.sleep(0.02)
            busy = next((w for w in before if seconds_used(w) - before[w] > 0.1), None)
        os.kill(busy, signal.SIGKILL)
        picture = server.client.post("/analyze?mask=none", content=astronaut_jpeg)
        assert picture.status_code == 200
        lost = posted.result()
    assert (lost.status_code, lost.json()["code"]) == (422, "media_corrupt")
    until_ready(server)
    assert server.client.post("/analyze?mask=none", content=long).status_code == 200
    until_restarted(server)


def test_all_workers_killed_at_rest_are_replaced(server: Running, astronaut_jpeg: bytes) -> None:
    until_ready(server)
    for worker in workers_of(server):
        os.kill(worker, signal.SIGKILL)
    assert server.client.post("/analyze?mask=none", content=astronaut_jpeg).status_code == 200
    until_ready(server)


def test_kills_under_load_cost_at_most_what_was_being_decoded(
    server: Running, astronaut_jpeg: bytes
) -> None:
    until_ready(server)
    kills = 3

    def post(_: int) -> httpx.Response:
        address = f"http://127.0.0.1:{server.port}/analyze?mask=none"
        return httpx.post(address, content=astronaut_jpeg, timeout=60)

    with ThreadPoolExecutor(4) as threads:
        posts = [threads.submit(post, number) for number in range(60)]
        for _ in range(kills):
            time.sleep(0.5)
            for worker in workers_of(server)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        responses = [each.result() for each in posts]
    lost = [each for each in responses if each.status_code != 200]
    assert len(lost) <= kills * 2
    assert {each.json()["code"] for each in lost} <= {"media_corrupt"}
    until_ready(server)
