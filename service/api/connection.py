"""One HTTP connection: what is no request, or too long a head of one, is a problem as well."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api.problems import problem_response

MOST_HEAD_BYTES = 64 * 1024
"""Of a request's first line and headers, beside what arrives with them at once (256 KiB)."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with a limit on heads and with RFC 9457 problems of its own.

    WHY: httptools keeps a head until it is whole, however long it is, and a client need never
    end it.
    """

    _in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; answers 400 or 431 and closes where that is no request."""
        goes_on = self._in_head
        super().data_received(data)
        if goes_on and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request's first line begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its last header has been read."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _refuse(self, status: HTTPStatus, detail: str | None = None) -> None:
        code = status.phrase.lower().replace(" ", "_")
        response = problem_response(status, code, status.phrase, detail or status.description)
        head = [f"HTTP/1.1 {status.value} {status.phrase}".encode("ascii"), b"connection: close"]
        head += [name + b": " + value for name, value in response.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()
