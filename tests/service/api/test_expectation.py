"""Who is answered instead of told to send a body may leave it out, and nothing is lost by it."""

import socket

import pytest
from starlette.types import Receive, Scope, Send

from tests.service.api.app_server import serving
from tests.service.running import Running

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NEXT = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"body" * 50_000


def head(path: str, length: int, more: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{more}"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def all_of(link: socket.socket) -> bytes:
    """All that comes until the service has closed its side."""
    received = b""
    while piece := link.recv(4096):
        received += piece
    return received


def until(link: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        piece = link.recv(4096)
        assert piece, received
        received += piece
    return received


async def choosy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the bytes of the body, but of /early without having read any of it."""
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = b"<%d>" % length
    headers = [(b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.mark.parametrize(
    ("path", "length", "more", "status"),
    [
        ("/analyze", 9, "Accept: text/html\r\n", 406),
        ("/analyze?mask=bogus", 9, "", 400),
        ("/analyze", 10**12, "", 413),
        ("/nowhere", 9, "", 404),
        ("/livez", 9, "", 405),
    ],
)
def test_an_answer_instead_of_an_invitation_is_the_last(
    running: Running, path: str, length: int, more: str, status: int
) -> None:
    """What a proxy would send next is not swallowed: it knows that it has to connect again."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as link:
        link.sendall(head(path, length, more))
        received = all_of(link)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == received.lower().count(b"\r\nconnection: close\r\n") == 1


def test_who_sends_its_body_all_the_same_has_its_answer() -> None:
    length = 8 * 2**20
    with (
        serving(choosy, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.sendall(head("/early", length))
        link.sendall(bytes(length))
        received = all_of(link)
    assert b"\r\nconnection: close\r\n" in received
    assert received.endswith(b"<0>")


def test_who_sent_its_body_at_once_may_go_on() -> None:
    with (
        serving(choosy, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as link,
    ):
        for _ in range(2):
            link.sendall(head("/early", 4) + b"body")
            assert b"connection: close" not in until(link, b"<0>")


def test_so_may_who_was_invited() -> None:
    with (
        serving(choosy, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as link,
    ):
        for _ in range(2):
            link.sendall(head("/read", len(BODY)))
            assert until(link, CONTINUE) == CONTINUE
            link.sendall(BODY)
            assert b"connection: close" not in until(link, b"<%d>" % len(BODY))
        link.sendall(NEXT)
        until(link, b"<0>")


def test_one_behind_another_request_is_answered_in_its_turn() -> None:
    with (
        serving(choosy, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as link,
    ):
        link.sendall(NEXT + head("/early", 9))
        received = all_of(link)
    first, second = received.split(b"<0>")[:2]
    assert b"connection: close" not in first
    assert b"connection: close" in second
