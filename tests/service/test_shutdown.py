"""A shutdown loses nobody who has come, says in time which answer is the last, and ends."""

import json
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from service.api.connection import MOMENT_S, Connection
from service.listening import bound, heard, take_no_more, waiting
from tests.service.api.app_server import serving
from tests.service.api.test_killed_workers import workers_of
from tests.service.media.worker_pool import running as is_running
from tests.service.running import (
    Running,
    environment,
    eventually,
    free_port,
    running_server,
    wait_until_ready,
)

CLIENTS = 150
"""More than an event loop accepts before it sees that it is to end."""

ASKED = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"\r\nconnection: close\r\n"

NEVER_EMPTY = """
import sys
from service import cli, server

server.waiting = lambda listener: 1
server._ACCEPTING_S = float(sys.argv.pop())
sys.exit(cli.main())
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many wait")


def connect(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=20)


def heard_until_the_end(link: socket.socket) -> bytes:
    """All that comes before the connection ends."""
    received = b""
    while piece := link.recv(65536):
        received += piece
    return received


@linux
def test_who_waits_is_counted_and_no_more_come_once_none_are_taken() -> None:
    with bound("127.0.0.1", 0) as found, ExitStack() as stack:
        found.listen()
        address = found.getsockname()
        for count in range(3):
            assert waiting(found) == count
            stack.enter_context(socket.create_connection(address))
        take_no_more(found)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
        for count in (3, 2, 1):
            assert waiting(found) == count
            found.accept()[0].close()
        assert waiting(found) == 0
        assert heard(found)


@linux
def test_it_takes_no_descriptor_to_take_no_more() -> None:
    """Where all are in use the work inside must be drained all the same."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with bound("127.0.0.1", 0) as found:
        found.listen()
        resource.setrlimit(resource.RLIMIT_NOFILE, (found.fileno(), most[1]))
        try:
            take_no_more(found)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
        assert heard(found)


@linux
@pytest.mark.parametrize("own_port", [True, False])
def test_who_waits_to_be_accepted_is_answered(model_path: Path, *, own_port: bool) -> None:
    """Each on a connection of its own, as through proxies that ask so."""
    ports = {"SERVER__OWN_PORT": str(free_port())} if own_port else {}
    with (
        running_server(model_path, MEDIA__WORKERS="1", SERVER__UNREADY_S="0", **ports) as running,
        ExitStack() as stack,
    ):
        # While it stands still the kernel alone takes connections in.
        running.process.send_signal(signal.SIGSTOP)
        links = [stack.enter_context(connect(running)) for _ in range(CLIENTS)]
        for link in links:
            link.sendall(ASKED)
        running.process.send_signal(signal.SIGTERM)
        running.process.send_signal(signal.SIGCONT)
        for link in links:
            received = heard_until_the_end(link)
            assert received.startswith(b"HTTP/1.1 200")
            assert LAST in received
        assert running.process.wait(20) == 0


def test_the_last_answer_of_a_connection_is_called_so_while_it_is_unready(
    model_path: Path,
) -> None:
    """Of requests that came in one piece, too, that of the last of them."""
    with (
        running_server(model_path, MEDIA__WORKERS="1", SERVER__UNREADY_S="5") as running,
        connect(running) as link,
    ):
        link.sendall(ASKED)
        assert LAST not in link.recv(65536)
        running.process.send_signal(signal.SIGTERM)
        eventually(lambda: running.client.get("/readyz").status_code == 503)
        link.sendall(ASKED + ASKED)
        received = heard_until_the_end(link)
        assert running.process.poll() is None
    first, second = received.split(b"HTTP/1.1 200")[1:]
    assert LAST not in first
    assert LAST in second


async def prompt(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_a_request_that_comes_as_the_server_ends_is_answered(
    monkeypatch: pytest.MonkeyPatch, *, used: bool, late: bool
) -> None:
    """Whether or not the connection was used before; and where it comes late, when the connection
    was about to be closed, and nothing has read it yet."""
    shutdown = Connection.shutdown

    def asked(connection: Connection) -> None:
        if connection.client == link.getsockname():
            monkeypatch.setattr(Connection, "shutdown", shutdown)
            if late:
                connection.loop.call_later(MOMENT_S, link.sendall, ASKED)
                # What is due at the same time is then done in one turn, in the order of its coming.
                connection.loop.call_soon(time.sleep, 2 * MOMENT_S)
            else:
                link.sendall(ASKED)
        shutdown(connection)

    with socket.socket() as link:
        link.settimeout(20)
        with serving(prompt, 20.0, []) as port:
            link.connect(("127.0.0.1", port))
            if used:
                link.sendall(ASKED)
                assert LAST not in link.recv(65536)
            # It is accepted when one that came later is answered.
            assert httpx.get(f"http://127.0.0.1:{port}").status_code == 204
            monkeypatch.setattr(Connection, "shutdown", asked)
        assert LAST in heard_until_the_end(link)


@pytest.mark.parametrize(
    ("accepting_s", "further"), [("0.5", []), ("600", [signal.SIGINT, signal.SIGINT])]
)
def test_those_who_wait_hold_no_shutdown_up(
    model_path: Path, accepting_s: str, further: list[signal.Signals]
) -> None:
    """Nor that of a person who interrupts it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", NEVER_EMPTY, "serve", "--port", str(port), accepting_s],
        env=environment(model_path, MEDIA__WORKERS="1", SERVER__UNREADY_S="0"),
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            wait_until_ready(process, client)
        process.send_signal(signal.SIGTERM)
        for each in further:
            time.sleep(0.5)
            process.send_signal(each)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("impatient", [False, True])
def test_a_server_that_is_to_wait_for_nothing_ends_without_an_error(
    *, impatient: bool, model_path: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("w") as told, running_server(model_path, told) as running:
        workers = workers_of(running)
        assert workers
        with connect(running) as link:
            link.sendall(b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbytes")
            running.process.send_signal(signal.SIGINT)
            eventually(lambda: "Waiting for connections to close" in log.read_text())
            running.process.send_signal(signal.SIGINT)
            while impatient and running.process.poll() is None:
                time.sleep(0.02)
                running.process.send_signal(signal.SIGINT)
            assert running.process.wait(20) == 0
    assert not any(map(is_running, workers))
    levels = {json.loads(line)["level"] for line in log.read_text().splitlines()}
    assert levels == {"info"}
