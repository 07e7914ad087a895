"""Messages arrive whole, in whatever pieces they come, and name nothing but our own classes."""

import io
import os
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from service.errors import MediaTooLargeError
from service.faces.crop import Box
from service.media.wire import (
    BEGUN,
    Incoming,
    MalformedMessageError,
    pack,
    read_ours,
    read_worker,
    receive,
    send,
)

MESSAGES = [
    None,
    {"a": [1, 2.5, "three", b"four"]},
    Box(1.0, 2.0, 3.0, 4.0),
    MediaTooLargeError("too many", limit="frames"),
    np.float32(2.5),
    np.arange(6, dtype=np.float64).reshape(2, 3),
    [np.full((256, 256, 3), level, np.uint8) for level in range(3)],
    bytes(100_000),
]


def take(data: bytes, step: int) -> Iterator[Incoming]:
    """The messages in a stream that comes in pieces of `step` bytes."""
    incoming = Incoming()
    while data:
        space = incoming.space()
        count = min(step, len(space), len(data))
        space[:count], data = data[:count], data[count:]
        if incoming.add(count):
            yield incoming
            incoming = Incoming()


@pytest.mark.parametrize("step", [1, 7, 4096, 10**6])
@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_arrives_in_whatever_pieces(message: object, step: int) -> None:
    if step == 1 and isinstance(message, list | bytes):
        step = 997
    stream = b"".join([*pack(message), BEGUN, *pack("next")])
    first, begun, second = take(stream, step)
    assert begun.empty
    assert not first.empty
    np.testing.assert_equal(_comparable(first.load(read_worker)), _comparable(message))
    assert second.load(read_worker) == "next"


def _comparable(message: object) -> object:
    return repr(message) if isinstance(message, Exception) else message


def test_large_arrays_are_not_copied_into_the_pickle_and_come_out_writable() -> None:
    picture = np.zeros((256, 256, 3), np.uint8)
    pieces = pack(picture)
    assert any(isinstance(piece, memoryview) and piece.nbytes == picture.nbytes for piece in pieces)
    assert len(pieces[-1]) < 1000
    (incoming,) = take(b"".join(pieces), 10**6)
    incoming.load(read_worker)[0, 0] = 7


def test_both_ends_of_a_socket_understand_each_other() -> None:
    ours, theirs = socket.socketpair()
    message = [np.full(300_000, number % 251, np.uint8) for number in range(600)]
    with ours, theirs:
        sender = threading.Thread(target=send, args=(ours, message))
        sender.start()
        np.testing.assert_equal(receive(theirs), message)
        sender.join()
        ours.close()
        with pytest.raises(EOFError):
            receive(theirs)


class Foreign:
    """What a hijacked decoder might send."""

    def __init__(self, *reduced: object) -> None:
        self._reduced = reduced

    def __reduce__(self) -> tuple[object, ...]:
        return self._reduced


@pytest.mark.parametrize(
    "message",
    [
        Foreign(os.system, ("true",)),
        Foreign(eval, ("1 + 1",)),
        Foreign(getattr, ("", "join")),
        Path("/etc"),
        Foreign(pickle.loads, (b"",)),
        Foreign(np.load, ("file.npy",)),
    ],
    ids=["os.system", "eval", "getattr", "path", "pickle.loads", "np.load"],
)
def test_a_worker_s_message_names_nothing_else(message: object) -> None:
    (incoming,) = take(b"".join(pack(message)), 10**6)
    with pytest.raises(MalformedMessageError):
        incoming.load(read_worker)


@pytest.mark.parametrize("name", ["service.cli\nmain", "service.pipeline\nPipeline"])
def test_not_even_what_the_service_itself_could_run(name: str) -> None:
    pickled = f"c{name}\n.".encode()
    read_ours(io.BytesIO(pickled), [])
    with pytest.raises(MalformedMessageError):
        read_worker(io.BytesIO(pickled), [])


def test_what_is_no_pickle_is_malformed() -> None:
    with pytest.raises(MalformedMessageError):
        read_worker(io.BytesIO(b"\xff\x00\x12"), [])
    assert read_ours(io.BytesIO(pickle.dumps(3)), []) == 3


def test_a_message_larger_than_permitted_is_refused_before_it_is_taken_in() -> None:
    stream = b"".join(pack(bytes(5000)))
    incoming = Incoming(most_bytes=4000)
    space = incoming.space()
    space[:] = stream[: len(space)]
    with pytest.raises(MalformedMessageError):
        incoming.add(len(space))


def test_lengths_that_do_not_add_up_are_malformed() -> None:
    pieces = [bytes(piece) for piece in pack(np.zeros(10_000, np.uint8))]
    pieces[1] = (2**40).to_bytes(8, "big")
    (incoming,) = take(b"".join(pieces), 10**6)
    with pytest.raises(MalformedMessageError):
        incoming.load(read_worker)
