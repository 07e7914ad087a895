"""Requests sent behind others leave with their client as well."""

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
