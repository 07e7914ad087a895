"""Messages arrive whole, in whatever pieces they come."""

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from service.media.wire import BEGUN, Incoming, OversizeError, frame, receive, send


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
@pytest.mark.parametrize(
    ("text", "body"),
    [(b"words", b""), (b"words", b"and bytes"), (b"", b"bytes"), (b"w" * 3000, bytes(5000))],
)
def test_a_message_arrives_in_whatever_pieces(text: bytes, body: bytes, step: int) -> None:
    halves = [memoryview(body[: len(body) // 2]), memoryview(body[len(body) // 2 :])]
    stream = b"".join([*frame(text, halves), BEGUN, *frame(b"next")])
    first, begun, second = take(stream, step)
    assert (first.text, bytes(first.body)) == (text, body)
    assert begun.empty
    assert not first.empty
    assert (second.text, bytes(second.body)) == (b"next", b"")


def test_both_ends_of_a_socket_understand_each_other() -> None:
    ours, theirs = socket.socketpair()
    pieces = [np.full(300_000, number % 251, np.uint8).data for number in range(600)]
    with ours, theirs:
        sender = threading.Thread(target=send, args=(ours, b"pictures", pieces))
        sender.start()
        incoming = receive(theirs)
        sender.join()
        assert incoming.text == b"pictures"
        assert incoming.body == b"".join(pieces)
        ours.close()
        with pytest.raises(EOFError):
            receive(theirs)


@pytest.mark.parametrize(("text", "body"), [(4001, 0), (0, 8001), (2**63, 2**63)])
def test_a_message_larger_than_permitted_is_refused_before_it_is_taken_in(
    text: int, body: int
) -> None:
    incoming = Incoming(most_text=4000, most_body=8000)
    space = incoming.space()
    space[:] = text.to_bytes(8, "big") + body.to_bytes(8, "big")
    with pytest.raises(OversizeError):
        incoming.add(len(space))


def test_a_promise_takes_up_no_memory() -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:  # noqa: PTH123 -- not a file on any disk
            return int(file.read().split()[1]) * 4096

    before = resident()
    incoming = Incoming()
    space = incoming.space()
    space[:] = (0).to_bytes(8, "big") + (2**30).to_bytes(8, "big")
    incoming.add(len(space))
    assert resident() - before < 2**26
