"""One HTTP connection: what is no request, or too long or slow a head, is a problem as well."""

import asyncio
from array import array
from collections.abc import Callable
from fcntl import ioctl
from http import HTTPStatus
from termios import TIOCOUTQ

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.api.offers import Offers
from service.api.problems import problem_response
from service.telemetry import Ending

MOST_HEAD_BYTES = 64 * 1024
"""Of a request's first line and headers, or of what may follow its body, beside what arrives with
them at once (256 KiB)."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with a limit on heads and with RFC 9457 problems of its own.

    WHY: httptools keeps a head until it is whole, however long it is, and a client need never
    end it; the same goes for the trailers after a chunked body. And uvicorn waits for a head
    for ever: connections that cost a client nothing would use up the service's descriptors.

    Nor does it end a connection whose client does not read what it was answered.

    head_s: how long a head may take to arrive, and what is left of a request that was answered
        before it had arrived; and how long a client may read nothing of an answer.
    ended: told why a connection was ended that no request tells of.
    """

    head_s: float
    ended: Callable[[Ending], None]
    _at_work: RequestResponseCycle | None = None
    _late: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _answers = 0
    _unread_bytes = 0
    _progress = False
    _body_begun = False
    _awaits_head = True
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
        # uvicorn tells the request that was parsed last, which may be waiting behind another.
        self.pipeline.clear()
        if self._at_work is not None and not self._at_work.response_complete:
            self._at_work.disconnected = True
            self._at_work.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._at_work = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; answers 400 or 431 and closes where that is no request."""
        self._progress = False
        super().data_received(self._offers.passed_over(data) if self._awaits_head else data)
        self._unread_bytes = 0 if self._progress else self._unread_bytes + len(data)
        if self._unread_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(status, "request_header_fields_too_large")
        self._silent = False
        if self._awaits_head:
            # Empty lines may come before a request; uvicorn takes them for one.
            overdue = self._unread_bytes > 0
        else:
            overdue = self.cycle is not None and self.cycle.response_complete
        if overdue:
            self._start_clock()

    def _start_clock(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.head_s, self._give_up)

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_clock()  # an answer is still on its way, and comes first
        elif self._silent or not self._awaits_head:
            # Another answer would be taken for that to a request not yet sent.
            self.transport.close()
        elif not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout")

    def on_response_complete(self) -> None:
        """An answer is written, if not yet sent."""
        super().on_response_complete()
        self._answers += 1
        if self._reading is None:
            self._watch_reader()

    def _watch_reader(self) -> None:
        if self.transport.get_write_buffer_size():
            self._reading = self.loop.call_later(
                self.head_s, self._judge_reader, self._unread(), self._answers
            )

    def _unread(self) -> int:
        """Bytes here and in the kernel, which takes more only when much of what it has is read."""
        held = array("i", [0])
        ioctl(self.transport.get_extra_info("socket").fileno(), TIOCOUTQ, held)
        return self.transport.get_write_buffer_size() + held[0]

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
        self._progress, self._body_begun = True, False
        self._start_clock()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after the body: nobody asks for those."""
        if not self._body_begun:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The last header has been read."""
        self._progress = self._body_begun = True
        self._awaits_head = False
        self._stop_clock()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request ends."""
        self._progress = self._awaits_head = True
        self._stop_clock()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, "bad_request", msg)

    def _refuse(self, status: HTTPStatus, code: Ending, detail: str | None = None) -> None:
        self.ended(code)
        response = problem_response(status, code, status.phrase, detail or status.description)
        head = [f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii"), b"connection: close"]
        head += [name + b": " + value for name, value in response.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()


def connections(head_s: float, ended: Callable[[Ending], None]) -> type[Connection]:
    """The kind of connection that waits so many seconds for a head: see `Connection`."""
    return type(
        Connection.__name__, (Connection,), {"head_s": head_s, "ended": staticmethod(ended)}
    )
