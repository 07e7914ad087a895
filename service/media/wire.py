"""Messages between the service and a media worker: pickled objects over a Unix socket."""

import asyncio
import io
import pickle
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from service.errors import UnmaskError

# Number of large buffers, bytes of the pickle, bytes of all large buffers together.
_HEAD = struct.Struct("!IQQ")
_LENGTH = struct.Struct("!Q")
# Arrays of fewer bytes go inside the pickle: a piece of its own costs more than copying them.
_LARGE_BYTES = 4096
_MOST_PIECES = 512  # of one sendmsg; the kernel takes IOV_MAX = 1024
# What arrays are rebuilt with; everything else is a dataclass or an error of the service.
_REBUILDERS = frozenset(
    {
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("service.errors", "_rebuild"),
    }
)


# An empty message: the receiver has taken the job up, so its death from now on may be the job's.
BEGUN = _HEAD.pack(0, 0, 0)


class MalformedMessageError(Exception):
    """The other end sent what no worker of ours sends."""


def pack(message: object) -> list[bytes | memoryview]:
    """The pieces of a message, in order; large arrays are not copied (PEP 574)."""
    large: list[memoryview] = []

    def inside(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < _LARGE_BYTES:
            return True
        large.append(view)
        return False

    pickled = pickle.dumps(message, protocol=5, buffer_callback=inside)
    table = b"".join(_LENGTH.pack(view.nbytes) for view in large)
    head = _HEAD.pack(len(large), len(pickled), sum(view.nbytes for view in large))
    return [head, table, *large, pickled]


class Incoming:
    """One message on its way in: where its next bytes belong, and whether it is complete."""

    def __init__(self, most_bytes: int = sys.maxsize) -> None:
        """most_bytes: a longer message is a MalformedMessageError."""
        self._most_bytes = most_bytes
        self._head: tuple[int, int, int] | None = None
        self._block = bytearray(_HEAD.size)
        self._filled = 0

    def space(self) -> memoryview:
        """Where the next bytes go; never empty before the message is complete."""
        return memoryview(self._block)[self._filled :]

    def add(self, count: int) -> bool:
        """Take note of bytes written to `space`; True when the message is complete."""
        self._filled += count
        if self._filled < len(self._block):
            return False
        if self._head is not None:
            return True
        self._head = _HEAD.unpack(self._block)
        buffers, pickled, body = self._head
        size: int = buffers * _LENGTH.size + pickled + body
        if size > self._most_bytes:
            raise MalformedMessageError
        self._block, self._filled = bytearray(size), 0
        return size == 0

    @property
    def empty(self) -> bool:
        """Whether the message is complete and holds nothing."""
        return self._head is not None and not self._block

    def load(self, read: Callable[[io.BytesIO, list[memoryview]], Any]) -> Any:
        """The object of a complete message. Raises MalformedMessageError, and what `read` does."""
        if self._head is None:
            raise MalformedMessageError
        count, pickled, _ = self._head
        view = memoryview(self._block)
        at = count * _LENGTH.size
        buffers: list[memoryview] = []
        for (length,) in _LENGTH.iter_unpack(view[:at]):
            buffers.append(view[at : at + length])
            at += length
        if at + pickled != len(view):
            raise MalformedMessageError
        return read(io.BytesIO(view[at:]), buffers)


def read_ours(file: io.BytesIO, buffers: Sequence[memoryview]) -> Any:
    """Unpickle what the service itself has sent."""
    return pickle.load(file, buffers=buffers)  # noqa: S301 -- made by our own parent process


def read_worker(file: io.BytesIO, buffers: Sequence[memoryview]) -> Any:
    """Unpickle what a worker has sent: arrays, plain values, our dataclasses and our errors.

    A pickle can call whatever it can name, and a worker may be in the hands of the file that it
    decodes. Raises MalformedMessageError for any other name, and for what is no pickle.
    """
    try:
        return _Reader(file, buffers=buffers).load()
    except MalformedMessageError:
        raise
    except Exception as error:  # bytes of a stranger: unpickling may raise anything
        raise MalformedMessageError from error


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _permitted(module, name)


@cache
def _permitted(module: str, name: str) -> Any:
    if (module, name) in _REBUILDERS:
        return getattr(sys.modules[module], name)
    if module.startswith("service."):
        # Only modules that are loaded: an import would run code of a stranger's choice.
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, UnmaskError)):
            return found
    raise MalformedMessageError(f"{module}.{name}")


def send(connection: socket.socket, message: object) -> None:
    """Send a message, blocking."""
    pieces = [memoryview(piece) for piece in pack(message)]
    while pieces:
        sent = connection.sendmsg(pieces[:_MOST_PIECES])
        while pieces and sent >= pieces[0].nbytes:
            sent -= pieces.pop(0).nbytes
        if sent:
            pieces[0] = pieces[0][sent:]


def receive(connection: socket.socket) -> Any:
    """The next message of the service, blocking. Raises EOFError when there will be none."""
    incoming = Incoming()
    while True:
        count = connection.recv_into(incoming.space())
        if not count:
            raise EOFError
        if incoming.add(count):
            return incoming.load(read_ours)


class Inbox(asyncio.BufferedProtocol):
    """The service's end of a worker's socket: one answer is awaited at a time.

    An answer is the `Incoming` message, complete and unread: reading it is the caller's work.
    begun: whether the worker has said BEGUN since the answer is awaited.
    ended: whether the connection has ended.
    lost: called once when the connection ends, for whatever reason.
    """

    def __init__(self, most_bytes: int, lost: Callable[[], None]) -> None:
        self._most_bytes = most_bytes
        self._lost = lost
        self._transport: asyncio.BaseTransport | None = None
        self._incoming = Incoming(most_bytes)
        self._answer: asyncio.Future[Incoming] | None = None
        self.ended = False
        self.begun = False

    def expect(self) -> asyncio.Future[Incoming]:
        """The next message. ConnectionError when the connection ends before it is complete."""
        self.begun = False
        self._answer = asyncio.get_running_loop().create_future()
        if self.ended:
            self._answer.set_exception(ConnectionResetError())
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._incoming.space()

    def buffer_updated(self, nbytes: int) -> None:
        try:
            if not self._incoming.add(nbytes):
                return
        except MalformedMessageError:
            self._hang_up()
            return
        message, self._incoming = self._incoming, Incoming(self._most_bytes)
        if message.empty:
            self.begun = True
            return
        answer, self._answer = self._answer, None
        if answer is None:
            self._hang_up()
        elif not answer.done():
            answer.set_result(message)

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())
        self._lost()
