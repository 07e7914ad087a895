"""The rest of a request that was answered early is heard out, however long it goes on arriving."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Receive, Scope, Send

from tests.service.api.app_server import serving

KEPT = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n"
BEGUN = KEPT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
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


def send_on(link: socket.socket, most_s: float, piece: bytes = b"more") -> float:
    """Send a little now and then, if the service lets it; for how many seconds it went on."""
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + most_s:
            link.sendall(piece)
            time.sleep(LINGER_S / 10)
    except ConnectionError:
        pass
    return time.monotonic() - begun


@pytest.mark.parametrize("head", [BEGUN, KEPT])
def test_a_refused_upload_may_go_on_as_long_as_it_arrives(link: socket.socket, head: bytes) -> None:
    with serving(early, 20.0, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(head)
        assert send_on(link, 3 * LINGER_S) > 3 * LINGER_S
        assert link.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("head", [BEGUN, KEPT])
def test_but_no_longer_than_a_head_may_take(link: socket.socket, head: bytes) -> None:
    with serving(early, 3 * LINGER_S, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(head)
        assert 2 * LINGER_S < send_on(link, 20.0) < 10.0


def answered(link: socket.socket) -> None:
    received = b""
    while not received.endswith(b"no\r\n0\r\n\r\n"):
        piece = link.recv(4096)
        assert piece, received
        received += piece
    assert b"connection: close" not in received


@pytest.mark.parametrize("rest", [b"", b"a little more"])
def test_a_connection_that_is_kept_does_not_wait_for_what_does_not_come(
    link: socket.socket, rest: bytes
) -> None:
    """Clients that have stopped sending wait for its end, and others for their place."""
    with serving(early, 20.0, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(KEPT)
        answered(link)
        link.sendall(rest)
        begun = time.monotonic()
        assert link.recv(4096) == b""
    assert 0.5 * LINGER_S < time.monotonic() - begun < 3 * LINGER_S


def test_after_all_of_the_rest_it_goes_on(link: socket.socket) -> None:
    with serving(early, 20.0, []) as port, link:
        link.connect(("127.0.0.1", port))
        for _ in range(2):
            link.sendall(CHUNKED)
            answered(link)
            assert send_on(link, 2 * LINGER_S, b"4\r\nmore\r\n") >= 2 * LINGER_S
            link.sendall(b"0\r\n\r\n")
            time.sleep(1.5 * LINGER_S)  # between requests it may rest for longer
        link.sendall(CHUNKED + b"0\r\n\r\n")
        answered(link)


async def thorough(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers /first at once, else when all of the body is there."""
    more = scope["path"] != "/first"
    while more:
        more = (await receive()).get("more_body", False)
    await early(scope, receive, send)


def test_an_upload_behind_an_answered_request_is_not_hurried(link: socket.socket) -> None:
    with serving(thorough, LINGER_S, []) as port, link:
        link.connect(("127.0.0.1", port))
        link.sendall(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + CHUNKED)
        answered(link)
        time.sleep(2.5 * LINGER_S)
        link.sendall(b"0\r\n\r\n")
        answered(link)


def test_a_shutdown_waits_for_it_once(link: socket.socket) -> None:
    with ThreadPoolExecutor(1) as threads, link:
        with serving(early, 60.0, []) as port:
            link.connect(("127.0.0.1", port))
            link.sendall(BEGUN)
            assert link.recv(4096).startswith(b"HTTP/1.1 413")
            sending = threads.submit(send_on, link, 20.0)
            time.sleep(2 * LINGER_S)
        assert 2.8 * LINGER_S < sending.result() < 15.0
