"""One HTTP connection: too long or slow a head is a problem, and who reads nothing is left."""

import asyncio
from array import array
from collections.abc import Callable
from fcntl import ioctl
from http import HTTPStatus
from termios import FIONREAD, TIOCOUTQ

from service.api.offers import BEFORE_BYTES, Offers
from service.api.orderly import OrderlyProtocol
from service.telemetry import Ending

MOST_HEAD_BYTES = 64 * 1024
"""Of a request's first line and headers, or of what may follow its body, beside what arrives with
them at once (256 KiB)."""

LINGER_S = 5.0
"""For how long nothing may come of the rest of a request after its answer. A shutdown waits for the
last one's no longer than that in all."""

MOMENT_S = 0.1
"""For what may be on its way when a shutdown finds nothing under way."""


class Connection(OrderlyProtocol):
    """A connection with a limit on heads, in bytes and in time, and on answers that nobody reads.

    WHY: httptools keeps a head until it is whole, however long it is, and a client need never
    end it; the same goes for the trailers after a chunked body. And uvicorn waits for a head
    for ever: connections that cost a client nothing would use up the service's descriptors.

    Nor does it end a connection whose client does not read what it was answered.

    head_s: how long a head may take to arrive, and what is left of a request that was answered
        before it had arrived; and how long a client may read nothing of an answer.
    draining: whether the server is to end, so that answers are the last of their connections.
    """

    head_s: float
    draining: Callable[[], bool]
    _late: asyncio.TimerHandle | None = None
    _heard_until = 0.0
    _reading: asyncio.TimerHandle | None = None
    _answers = 0
    _unread_bytes = 0
    _progress = False
    _body_begun = False
    _awaits_head = True
    _in_head = False
    _last = b""
    _silent = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and its first head is awaited."""
        super().connection_made(transport)
        self._offers = Offers()
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop_clock()
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; answers 400 or 431 and closes where that is no request."""
        if self._heard_until and not self.draining():
            self._hear_out()
        if self.deaf:
            return
        self._progress = False
        super().data_received(self._as_parsed(data))
        if self.draining() and self._answer_is_due():
            self.cycle.keep_alive = False
        if self.deaf:
            return
        self._unread_bytes = 0 if self._progress else self._unread_bytes + len(data)
        if self._unread_bytes > MOST_HEAD_BYTES:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.refuse(status, "request_header_fields_too_large")
        self._silent = False
        if self._awaits_head and self._unread_bytes > 0:
            # Empty lines may come before a request; uvicorn takes them for one.
            self._start_clock()

    def _as_parsed(self, data: bytes) -> bytes:
        before = self._last
        self._last = (before + data[-BEFORE_BYTES:])[-BEFORE_BYTES:]
        if not self._awaits_head:
            return data
        # Between requests empty lines mean nothing (RFC 9112, 2.2); within a head they end it.
        if self._in_head:
            return self._offers.passed_over(data, before)
        return self._offers.passed_over(data.lstrip(b"\r\n"))

    def _start_clock(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.head_s, self._give_up)

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self._leaves and self.cycle is not None and not self.cycle.response_complete:
            self._start_clock()  # an answer is still on its way, and comes first
        elif self._silent or not self._awaits_head:
            # Another answer would be taken for that to a request not yet sent.
            self.transport.close()
        elif not self.transport.is_closing():
            self.refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout")

    def on_response_complete(self) -> None:
        """An answer is written, if not yet sent."""
        super().on_response_complete()
        if self._in_body and self.cycle.response_complete:
            self._hear_rest()
        self._answers += 1
        if self._reading is None:
            self._watch_reader()

    def shutdown(self) -> None:
        """Close after the answers that are due, or else in a moment, unless a request comes."""
        if self._answer_is_due():
            super().shutdown()
        else:
            self.loop.call_later(MOMENT_S, self._close_unless_asked)

    def _close_unless_asked(self) -> None:
        if self._leaves or self.transport.is_closing():
            return
        # Closing upon what was never read would be a reset.
        if self._held_by_kernel(FIONREAD):
            self.shutdown()
        else:
            super().shutdown()

    def leave(self) -> None:
        """Close, but not for ever upon a client that goes on sending."""
        super().leave()
        if self._leaves and not self.transport.is_closing():
            self._hear_rest()

    def _hear_rest(self) -> None:
        self._heard_until = self.loop.time() + self.head_s
        self._hear_out()

    def _hear_out(self) -> None:
        self._stop_clock()
        left_s = self._heard_until - self.loop.time()
        self._late = self.loop.call_later(min(left_s, LINGER_S), self._give_up)

    def _watch_reader(self) -> None:
        if self.transport.get_write_buffer_size():
            self._reading = self.loop.call_later(
                self.head_s, self._judge_reader, self._unread(), self._answers
            )

    def _unread(self) -> int:
        """Bytes here and in the kernel, which takes more only when much of what it has is read."""
        return self.transport.get_write_buffer_size() + self._held_by_kernel(TIOCOUTQ)

    def _held_by_kernel(self, way: int) -> int:
        """Bytes it has of what was sent (TIOCOUTQ), or of what has come (FIONREAD): tty(4)."""
        held = array("i", [0])
        ioctl(self.transport.get_extra_info("socket").fileno(), way, held)
        return held[0]

    def _judge_reader(self, unread: int, answers: int) -> None:
        """End the connection if nothing was read since: closing it would wait for the reader."""
        self._reading = None
        if not self.transport.get_write_buffer_size():
            return
        if answers == self._answers and self._unread() >= unread:
            self.ended("unread")
            self.transport.abort()
        else:
            self._watch_reader()

    def on_message_begin(self) -> None:
        """A request's first line begins."""
        self._progress, self._body_begun, self._in_head = True, False, True
        self._start_clock()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after the body: nobody asks for those."""
        if not self._body_begun:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The last header has been read."""
        self._progress = self._body_begun = True
        self._awaits_head = self._in_head = False
        self._stop_clock()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request ends."""
        self._progress = self._awaits_head = True
        self._heard_until = 0.0
        self._stop_clock()
        super().on_message_complete()


def connections(
    head_s: float, ended: Callable[[Ending], None], draining: Callable[[], bool]
) -> type[Connection]:
    """The kind of connection that waits so many seconds for a head: see `Connection`.

    ended: told of each that is ended, and why. draining: whether the server is to end.
    """
    given = {
        "head_s": head_s,
        "ended": staticmethod(ended),
        "draining": staticmethod(draining),
    }
    return type(Connection.__name__, (Connection,), given)
