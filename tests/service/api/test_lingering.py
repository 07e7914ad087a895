"""The rest of a request that was answered early is heard out, however long it goes on arriving."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Receive, Scope, Send

from tests.service.api.app_server import serving

BEGUN = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n"
LINGER_S = 1.0


async def early(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without waiting for the body."""
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Of a client of a service that is less patient than usual."""
    monkeypatch.setattr("service.api.connection.LINGER_S", LINGER_S)
    link = socket.socket()
    link.settimeout(20)
    return link


def send_on(link: socket.socket, most_s: float) -> float:
    """Send a little now and then, if the service lets it; for how many seconds it went on."""
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + most_s:
            link.sendall(b"more")
            time.sleep(LINGER_S / 10)
    except ConnectionError:
        pass
    return time.monotonic() - begun


def test_a_refused_upload_may_go_on_as_long_as_it_arrives(link: socket.socket) -> None:
    with serving(early, 20.0, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(BEGUN)
        assert send_on(link, 3 * LINGER_S) > 3 * LINGER_S
        assert link.recv(4096).startswith(b"HTTP/1.1 413")


def test_but_no_longer_than_a_head_may_take(link: socket.socket) -> None:
    with serving(early, 3 * LINGER_S, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(BEGUN)
        assert 2 * LINGER_S < send_on(link, 20.0) < 10.0


def test_a_shutdown_waits_for_it_once(link: socket.socket) -> None:
    with ThreadPoolExecutor(1) as threads, link:
        with serving(early, 60.0, []) as port:
            link.connect(("127.0.0.1", port))
            link.sendall(BEGUN)
            assert link.recv(4096).startswith(b"HTTP/1.1 413")
            sending = threads.submit(send_on, link, 20.0)
            time.sleep(2 * LINGER_S)
        assert 2.8 * LINGER_S < sending.result() < 15.0
