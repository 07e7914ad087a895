"""`unmask serve` in a process of its own, on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from service.exposition import KEPT_S

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    """A server that has said it is ready."""

    process: subprocess.Popen[str]
    client: httpx.Client
    port: int


def environment(model: Path, **settings: str) -> dict[str, str]:
    """This process's environment, with settings such as MEDIA__MAX_BYTES added."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNMASK_")}
    named = {f"UNMASK_{name}": value for name, value in settings.items()}
    return {**kept, "PYTHONPATH": str(ROOT), "UNMASK_MODEL": str(model), **named}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    model: Path, stderr: int | IO[str] = subprocess.DEVNULL, /, **settings: str
) -> Iterator[Running]:
    """A server process; it is killed at the end if it still runs.

    Its port is a free one, or what PORT among the settings says. stderr: as Popen takes it.
    """
    port = int(settings.get("PORT", free_port()))
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "--port", str(port)],
        env=environment(model, **settings),
        stderr=stderr,
        text=True,
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
        try:
            wait_until_ready(process, client)
            yield Running(process, client, port)
        finally:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[str], client: httpx.Client) -> None:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended while it started"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")


def metrics_of(client: httpx.Client) -> str:
    """What a server says of all that has happened until now, in Prometheus' text format."""
    time.sleep(KEPT_S)
    return client.get("/metrics").text


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds, which a server does in its own time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it has not come to be so"
        time.sleep(0.02)
