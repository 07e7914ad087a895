"""The order on one HTTP connection: as many requests as can wait, and every answer in its turn."""

import re
from collections.abc import Callable
from http import HTTPStatus

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.api.expectation import closing_unless_invited
from service.api.problems import problem_response
from service.api.request_id import REQUEST_ID_HEADER, request_id
from service.telemetry import Ending

MOST_WAITING = 64
"""Requests behind one that is not yet answered."""

REFUSAL = "refusal"
"""Key in a request's state: the status and the code with which the connection refused it when its
handling had begun. Whoever counts requests counts it as that."""

_HOST = re.compile(rb"[\w.~!$&'()*+,;=%:\[\]-]*", re.ASCII)


class _Answering:
    """What an answer is written to; after the last it closes in an orderly way."""

    def __init__(self, protocol: "OrderlyProtocol") -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        self._protocol.leave()


class OrderlyProtocol(HttpToolsProtocol):
    """uvicorn's connection, with RFC 9457 problems of its own for what is no request.

    WHY: uvicorn queues requests that are sent behind others without end, each at fifty times the
    bytes that it took; it writes its refusal before the answers that are due (RFC 9112, 9.3.2);
    it takes the body after an offer of another protocol for requests, and the next request for a
    body that nobody was told to send; and it closes upon a body that still arrives, which the
    kernel answers with a reset that takes the answer with it.

    It would also write a log line for each of these, and take WebSockets where a library for them
    is installed.

    ended: told why a connection was ended that no request tells of.
    """

    ended: Callable[[Ending], None]
    _at_work: RequestResponseCycle | None = None
    _in_body = False
    _refusal: bytes | None = None
    _leaves = False
    deaf = False
    """Whether the last request has been read: what still arrives is no longer looked at."""

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # It takes what follows for the other protocol.
            self.deaf, self.cycle.keep_alive = True, False
        except httptools.HttpParserError:
            if not self.deaf:
                text = "Invalid HTTP request received."
                self.refuse(HTTPStatus.BAD_REQUEST, "bad_request", text)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        super().connection_lost(exc)
        # uvicorn tells the request that was parsed last, which may be waiting behind another.
        self.pipeline.clear()
        if self._at_work is not None and not self._at_work.response_complete:
            self._at_work.disconnected = True
            self._at_work.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._at_work = cycle
        super()._start_asgi_task(cycle, closing_unless_invited(cycle, app))

    def on_headers_complete(self) -> None:
        """The last header has been read. Raises ValueError where this is no request, or one too
        many, which ends the parsing."""
        version = self.parser.get_http_version()
        _expect_framing(self.headers, version)
        if len(self.pipeline) >= MOST_WAITING:
            self.deaf, self.cycle.keep_alive = True, False
            self.ended("pipelined")
            raise ValueError("too many requests wait for their answers")
        if self.parser.should_upgrade() and _has_body(self.headers):
            # httptools reads none after an offer that `Offers` has not seen.
            raise ValueError("a body after an offer of another protocol")
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        super().on_headers_complete()
        self.cycle.transport = _Answering(self)  # type: ignore[assignment]
        self._in_body = True

    def on_message_complete(self) -> None:
        """A request ends."""
        self._in_body = False
        super().on_message_complete()
        self.deaf = self.deaf or not self.cycle.keep_alive
        if self.cycle.response_complete and not self.deaf:
            # uvicorn has stopped the clock for the rest of the body.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """An answer is written, if not yet sent."""
        if self._leaves:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        if self.pipeline:
            # uvicorn has just let further ones in.
            self.flow.pause_reading()
        elif not self._answer_is_due():
            self._send_refusal()

    def refuse(self, status: HTTPStatus, code: Ending, detail: str | None = None) -> None:
        """Answer what is no request, after all that are due, and close."""
        self.deaf = True
        # A request that will never be whole is answered by the refusal.
        incomplete = self.cycle if self._in_body else None
        if incomplete is not None and incomplete.response_started:
            self.transport.close()  # it has its answer
            return
        response = problem_response(status, code, status.phrase, detail or status.description)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii"), b"connection: close"]
        headers = [*self.server_state.default_headers, *response.raw_headers]
        if incomplete is not None and incomplete is self._at_work:
            state = incomplete.scope["state"]
            state[REFUSAL] = status.value, code
            headers.append((REQUEST_ID_HEADER, request_id(state).encode("ascii")))
        else:
            self.ended(code)
        lines += [name + b": " + value for name, value in headers]
        self._refusal = b"\r\n".join([*lines, b"", bytes(response.body)])
        if self.pipeline and self.pipeline[0][0] is incomplete:
            self.pipeline.popleft()
        if self._at_work is incomplete or not self._answer_is_due():
            self._send_refusal()

    def leave(self) -> None:
        """Close after the last answer; while the body to it still arrives only this end, and the
        other when the client has closed its own (RFC 9112, 9.6)."""
        if not self._in_body or self.cycle is not self._at_work or self.transport.is_closing():
            self.transport.close()
            return
        self._leaves = self.deaf = True
        self.transport.write_eof()
        self.flow.resume_reading()

    def _answer_is_due(self) -> bool:
        return self._at_work is not None and not self._at_work.response_complete

    def _send_refusal(self) -> None:
        if self._refusal is not None and not self.transport.is_closing():
            self.transport.write(self._refusal)
            self.transport.close()

    def _should_upgrade_to_ws(self) -> bool:
        return False


def _expect_framing(headers: list[tuple[bytes, bytes]], version: str) -> None:
    """Raise ValueError unless there is one host and no coding but chunks (RFC 9112, 3.2, 6.1)."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (version == "1.1" and not hosts):
        raise ValueError("not one host")
    if hosts and _HOST.fullmatch(hosts[0].strip(b" \t")) is None:
        raise ValueError("no host's name")
    if any(n == b"transfer-encoding" and v.strip(b" \t").lower() != b"chunked" for n, v in headers):
        raise ValueError("a coding that is not understood")


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether anything follows on a head."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" \t0"))
        for name, value in headers
    )
