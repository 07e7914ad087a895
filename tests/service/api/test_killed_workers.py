"""`kill -9` on the decoding processes of a server at work costs nobody a request."""

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
from tests.service.running import Running, eventually, running_server


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


def until_replaced(server: Running) -> None:
    """A worker counts when it is lost, and the new one when it is warm, which takes a second."""

    def replaced() -> bool:
        metrics = scrape(server.client)
        lost = metrics['unmask_worker_restarts_total{pool="media",reason="died"}']
        return lost >= 1 and metrics['unmask_workers{pool="media"}'] == 2

    eventually(replaced, 60)


def test_a_clip_whose_worker_is_killed_in_the_middle_is_decoded_again(
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
        answer = posted.result()
    assert (answer.status_code, answer.json()["media"]["frames_analyzed"]) == (200, 60)
    until_ready(server)
    until_replaced(server)


def test_all_workers_killed_at_rest_are_replaced(server: Running, astronaut_jpeg: bytes) -> None:
    until_ready(server)
    before = scrape(server.client)
    for worker in workers_of(server):
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: scrape(server.client)['unmask_workers{pool="media"}'] < 2)
    assert server.client.post("/analyze?mask=none", content=astronaut_jpeg).status_code == 200
    until_ready(server)
    lost = 'unmask_worker_restarts_total{pool="media",reason="died"}'
    assert scrape(server.client)[lost] == before[lost] + 2


def test_kills_under_load_cost_nobody_a_request(server: Running, astronaut_jpeg: bytes) -> None:
    until_ready(server)

    def post(_: int) -> httpx.Response:
        address = f"http://127.0.0.1:{server.port}/analyze?mask=none"
        return httpx.post(address, content=astronaut_jpeg, timeout=60)

    with ThreadPoolExecutor(4) as threads:
        posts = [threads.submit(post, number) for number in range(60)]
        for _ in range(3):
            time.sleep(0.5)
            for worker in workers_of(server)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        responses = [each.result() for each in posts]
    assert {each.status_code for each in responses} == {200}
    until_ready(server)
