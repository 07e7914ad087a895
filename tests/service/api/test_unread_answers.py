"""A client that reads nothing of its answer is left; one that reads slowly is not."""

import contextlib
import socket
import time

import pytest
from starlette.types import Receive, Scope, Send

from tests.service.api.app_server import serving

ANSWER_BYTES = 32 * 2**20
"""More than a kernel holds of what is to be sent."""


async def long_answer(scope: Scope, receive: Receive, send: Send) -> None:
    length = (b"content-length", str(ANSWER_BYTES).encode("ascii"))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": bytes(ANSWER_BYTES)})


@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
def test_a_client_that_does_not_read_its_answer_is_left_and_a_slow_one_is_not(
    ending: bytes,
) -> None:
    endings: list[str] = []
    with (
        serving(long_answer, 0.5, endings) as port,
        socket.socket() as idle,
        socket.socket() as slow,
    ):
        for link in (idle, slow):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
            link.settimeout(20)
            link.connect(("127.0.0.1", port))
            link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + ending + b"\r\n")
        read = 0
        for _ in range(25):
            read += len(slow.recv(2**16))
            time.sleep(0.1)
        while read < ANSWER_BYTES:
            piece = slow.recv(2**20)
            assert piece, "cut off while it was reading"
            read += len(piece)
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := idle.recv(2**20):
                read += len(piece)
        assert read < ANSWER_BYTES
        assert endings == ["unread"]
