"""Messages over a Unix socket: a text and a body, each of a length told before."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

# Bytes of the text, bytes of the body.
_HEAD = struct.Struct("!QQ")
_MOST_PIECES = 512  # of one sendmsg; the kernel takes IOV_MAX = 1024

BEGUN = _HEAD.pack(0, 0)
"""An empty message: a job was taken up, so the worker's death from now on may be its doing."""


class OversizeError(Exception):
    """A message is longer than the receiver takes."""


def frame(text: bytes, body: Sequence[memoryview] = ()) -> list[bytes | memoryview]:
    """The pieces of a message, in order; none is copied."""
    return [_HEAD.pack(len(text), sum(piece.nbytes for piece in body)), text, *body]


class Incoming:
    """One message on its way in: where its next bytes belong, and whether it is complete."""

    def __init__(self, most_text: int = sys.maxsize, most_body: int = sys.maxsize) -> None:
        """most_text, most_body: bytes; a longer message is an OversizeError."""
        self._most = most_text, most_body
        self._lengths: tuple[int, int] | None = None
        self._block = memoryview(bytearray(_HEAD.size))
        self._filled = 0

    @property
    def empty(self) -> bool:
        """Whether the message is complete and holds nothing."""
        return self._lengths is not None and not self._block

    @property
    def text(self) -> bytes:
        """The text of a complete message."""
        return bytes(self._block[: self._lengths[0]]) if self._lengths else b""

    @property
    def body(self) -> memoryview:
        """The body of a complete message; the caller may keep and change it."""
        return self._block[self._lengths[0] :] if self._lengths else self._block[:0]

    def space(self) -> memoryview:
        """Where the next bytes go; never empty before the message is complete."""
        return self._block[self._filled :]

    def add(self, count: int) -> bool:
        """Take note of bytes written to `space`; True when the message is complete.

        Raises OversizeError, and MemoryError where there is no room for the message.
        """
        self._filled += count
        if self._filled < len(self._block):
            return False
        if self._lengths is not None:
            return True
        text, body = _HEAD.unpack(self._block)
        if text > self._most[0] or body > self._most[1]:
            raise OversizeError
        self._lengths, self._filled = (text, body), 0
        # Not cleared: memory is taken up as bytes arrive, not when a sender promises them.
        self._block = np.empty(text + body, np.uint8).data
        return not self._block


def send(connection: socket.socket, text: bytes, body: Sequence[memoryview] = ()) -> None:
    """Send a message, blocking."""
    pieces = [memoryview(piece) for piece in frame(text, body)]
    while pieces:
        sent = connection.sendmsg(pieces[:_MOST_PIECES])
        while pieces and sent >= pieces[0].nbytes:
            sent -= pieces.pop(0).nbytes
        if sent:
            pieces[0] = pieces[0][sent:]


def receive(connection: socket.socket) -> Incoming:
    """The next message, blocking.

    Raises EOFError when there will be none, MemoryError where there is no room for it.
    """
    incoming = Incoming()
    while True:
        count = connection.recv_into(incoming.space())
        if not count:
            raise EOFError
        if incoming.add(count):
            return incoming


class Inbox(asyncio.BufferedProtocol):
    """The service's end of a worker's socket: one answer is awaited at a time.

    Whatever comes unasked ends the connection, and so does what is no answer. refused: whether
    it was ended for that. begun: whether the worker has said BEGUN since
    the answer is awaited. ended: whether the connection has ended. lost: called once when it
    does, for whatever reason.
    """

    def __init__(self, most_text: int, most_body: int, lost: Callable[[], None]) -> None:
        self._most = most_text, most_body
        self._lost = lost
        self._transport: asyncio.WriteTransport | None = None
        self._incoming = Incoming(*self._most)
        self._answer: asyncio.Future[Incoming] | None = None
        self.begun = False
        self.ended = self.refused = False

    def expect(self) -> asyncio.Future[Incoming]:
        """The next message. ConnectionError when the connection ends before it is complete."""
        self.begun = False
        self._answer = asyncio.get_running_loop().create_future()
        if self.ended:
            self._answer.set_exception(ConnectionResetError())
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._incoming.space()

    def buffer_updated(self, nbytes: int) -> None:
        if self._answer is None or self._transport is None:
            self._refuse()
            return
        try:
            if not self._incoming.add(nbytes):
                return
        except (OversizeError, MemoryError):
            self._refuse()
            return
        message, self._incoming = self._incoming, Incoming(*self._most)
        if message.empty and not self.begun:
            self.begun = True
            return
        answer, self._answer = self._answer, None
        # Who answers a job without having read it would make us keep it, and the next.
        if message.empty or self._transport.get_write_buffer_size():
            self._answer = answer
            self._refuse()
        elif not answer.done():
            answer.set_result(message)

    def eof_received(self) -> None:
        self._hang_up()

    def _refuse(self) -> None:
        self.refused = True
        self._hang_up()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.ended = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())
        self._lost()
