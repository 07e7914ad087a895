"""Requests sent behind others leave with their client as well, and never overtake an answer."""

import asyncio
import socket
import struct

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
