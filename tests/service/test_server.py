"""A server whose sessions are lost makes way for another process, and no other does."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from tests.media_files import encode
from tests.service.running import environment, free_port

LOST = """
import sys
from pathlib import Path
from service import cli, opening, server
from service.inference import pool
from service.inference.session import Session

pool._HOPELESS_S = 4.0
server._DESPAIR_S = 1.0
lost = Path(sys.argv.pop())

class Losing(Session):
    def __init__(self, *given):
        if lost.exists():
            raise RuntimeError("CUDA error 719")
        super().__init__(*given)

    def run(self, *given):
        if lost.exists():
            raise RuntimeError("CUDA error 719")
        return super().run(*given)

opening.Session = Losing
sys.exit(cli.main())
"""

IMPATIENT = """
from service import cli, server
from service.inference import pool

pool._HUNG = 0.05
server._TICKS_A_SECOND = 2
cli.main()
"""


def test_a_server_whose_sessions_are_lost_refuses_at_once_and_ends(
    model_path: Path, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    lost, log, port = tmp_path / "lost", tmp_path / "log", free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {"SERVER__DRAIN_S": "1", "SERVER__DEADLINE_S": "60"}
    with log.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-c", LOST, "serve", "--port", str(port), str(lost)],
            env=environment(model_path, **settings),
            stderr=told,
        )
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            until_answered(client, 200)
            picture = encode(astronaut)
            assert client.post("/analyze?mask=none", content=picture).status_code == 200
            lost.touch()
            # What the dying session has in hand is answered at the latest when the server ends.
            with ThreadPoolExecutor(1) as threads:
                in_hand = threads.submit(httpx.post, f"{address}/analyze", content=picture)
                until_answered(client, 503)
                # Until the other session is lost, too, and neither comes back, work is let in.
                while '{pool="inference"} 0.0' not in client.get("/metrics").text:
                    time.sleep(0.1)
                while "cannot be opened again" not in log.read_text():
                    time.sleep(0.1)
                begun = time.monotonic()
                refused = client.post("/analyze?mask=none", content=picture)
                assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
                assert time.monotonic() - begun < 1
                assert client.get("/model").status_code == 200
                assert in_hand.result().status_code in {500, 503}
        assert process.wait(30) == 4
    finally:
        process.kill()
        process.wait()
    lines = log.read_text()
    assert "not ready: the session on cpu is not running" in lines
    assert "another process must do the work" in lines
    assert "CUDA error 719" in lines


def test_a_server_that_stood_still_goes_on(model_path: Path, astronaut: NDArray[np.uint8]) -> None:
    """As in a container that is paused: a batch seems to have run for all that time."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, "serve", "--port", str(port)],
        env=environment(model_path),
        stderr=subprocess.DEVNULL,
    )
    large, over = encode(np.tile(astronaut, (1, 4, 1))), threading.Event()

    def post() -> None:
        while not over.is_set():
            with contextlib.suppress(httpx.TransportError):
                httpx.post(f"http://127.0.0.1:{port}/analyze", content=large, timeout=60)

    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until_answered(client, 200)
            with ThreadPoolExecutor(4) as threads:
                for _ in range(4):
                    threads.submit(post)
                for _ in range(4):
                    process.send_signal(signal.SIGSTOP)
                    time.sleep(1.7)
                    process.send_signal(signal.SIGCONT)
                    time.sleep(0.9)
                over.set()
            assert process.poll() is None
            assert client.post("/analyze?mask=none", content=encode(astronaut)).status_code == 200
    finally:
        over.set()
        process.kill()
        process.wait()


def until_answered(client: httpx.Client, status: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if client.get("/readyz").status_code == status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server never became ready")
