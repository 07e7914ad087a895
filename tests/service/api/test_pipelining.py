"""Requests sent behind others leave with their client as well, and never overtake an answer."""

import asyncio
import socket
import struct
import time

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.service.api.app_server import serving
from tests.service.running import eventually

BEHIND = b"GET /behind HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("behind", [b"", BEHIND, BEHIND[:9], BEHIND + BEHIND])
def test_a_client_that_leaves_is_noticed_whatever_it_has_sent_behind(behind: bytes) -> None:
    begun: list[str] = []
    told: list[Message] = []

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        await receive()
        told.append(await receive())

    with serving(waiting, 20.0, []) as port:
        link = socket.create_connection(("127.0.0.1", port), timeout=20)
        link.sendall(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + behind)
        eventually(lambda: bool(begun))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()
        eventually(lambda: bool(told), 5.0)
    assert (begun, told) == (["/first"], [{"type": "http.disconnect"}])


async def prompt(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once with the path."""
    text = f"<{scope['path']}>".encode("ascii")
    length = (b"content-length", str(len(text)).encode("ascii"))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": text})


@pytest.mark.parametrize(
    "first", [BEHIND, b"POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"]
)
@pytest.mark.parametrize("apart", range(1, 7))
@pytest.mark.parametrize("at_once", [True, False])
def test_a_head_that_begins_behind_another_request_may_end_in_any_pieces(
    first: bytes, apart: int, at_once: bool
) -> None:
    """Whether the rest comes in one piece or byte by byte, and whatever ends before it."""
    begun, rest = first + BEHIND[:-apart], BEHIND[-apart:]
    pieces = [begun[:-40], begun[-40:]]
    pieces += [rest] if at_once else [bytes([byte]) for byte in rest]
    with (
        serving(prompt, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=3) as link,
    ):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            link.sendall(piece)
            time.sleep(0.02)
        received = b""
        while received.count(b">") < 2:
            received += link.recv(4096)
    assert received.endswith(b"</behind>")


async def late(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after a second."""
    await asyncio.sleep(1.0)
    length = (b"content-length", b"2")
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_an_answer_on_its_way_comes_before_the_end_of_a_slow_head_behind_it() -> None:
    received = b""
    with (
        serving(late, 0.3, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.sendall(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + BEHIND[:15])
        while piece := link.recv(4096):
            received += piece
    assert received.startswith(b"HTTP/1.1 200")
    assert b"okHTTP/1.1 408" in received
