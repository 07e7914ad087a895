"""Counts, times and logs every request to /analyze, however it ends, and what came to nothing."""

import logging
import time
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.orderly import REFUSAL
from service.api.problems import REFUSED, response_for
from service.api.request_id import REQUEST_ID_HEADER, request_id
from service.api.tally import Tally
from service.errors import UnmaskError
from service.telemetry import Telemetry

logger = logging.getLogger("unmask.requests")

# nginx's status for a client that went away; it never leaves this process but in metrics.
CLIENT_GONE = 499

OTHER = "other"
"""What the log calls other paths, where they are not there (their names are the client's), or where
the connection refused the request."""

_FAULT, _UNKNOWN = HTTPStatus.INTERNAL_SERVER_ERROR.value, HTTPStatus.NOT_FOUND.value
_LEVELS = {_FAULT: logging.ERROR, HTTPStatus.GATEWAY_TIMEOUT.value: logging.WARNING}
_TOLD = ("report", "kind", "bytes", "limit")


class _Watch:
    """Sees with what status a request is answered, and puts its id into the answer's headers.

    everywhere: whether the answer is told of whatever it is; else only where there is no such path.
    """

    def __init__(self, scope: Scope, send: Send, *, everywhere: bool) -> None:
        self._send = send
        self._everywhere = everywhere
        self._begun = time.perf_counter()
        self.state: dict[str, Any] = scope.setdefault("state", {})
        self.status = CLIENT_GONE
        self.started = False
        self.failure: Exception | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status, self.started = message["status"], True
            if self.is_told_of():
                own = (REQUEST_ID_HEADER, request_id(self.state).encode("ascii"))
                message = {**message, "headers": [*message.get("headers", ()), own]}
        await self._send(message)

    def is_told_of(self) -> bool:
        """Whether the request is counted and has a line in the log."""
        return self._everywhere or self.status == _UNKNOWN or REFUSAL in self.state

    def seconds(self) -> float:
        """How long it has taken."""
        return time.perf_counter() - self._begun


class RequestMeter:
    """ASGI middleware; handlers put `verdict`, `report`, `kind` and `bytes`, or `code` and `limit`,
    into the request's state.

    Those that are refused for want of room get a line together, once a second. Requests to other
    paths are heeded where there is no such path, or where the connection refused them while they
    were sent.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry, path: str) -> None:
        self._app = app
        self._telemetry = telemetry
        self._path = path
        self._refused = Tally(self._tell_refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            self._refused.flush()
            return
        if scope["path"] == self._path:
            watch = _Watch(scope, send, everywhere=True)
            self._telemetry.in_flight.inc()
            try:
                await self._answer(scope, receive, watch)
            finally:
                self._telemetry.in_flight.dec()
                self._tell(scope["method"], self._path, watch)
            return
        watch = _Watch(scope, send, everywhere=False)
        try:
            await self._app(scope, receive, watch.send)
        finally:
            if watch.is_told_of():
                self._tell(scope["method"], OTHER, watch)

    async def _answer(self, scope: Scope, receive: Receive, watch: _Watch) -> None:
        try:
            await self._app(scope, receive, watch.send)
        except Exception as error:  # noqa: BLE001 -- it is logged, beside the request's id
            watch.state["code"] = UnmaskError.code
            if not watch.started:
                await response_for(UnmaskError())(scope, receive, watch.send)
            watch.status, watch.failure = _FAULT, error

    def _tell(self, method: str, path: str, watch: _Watch) -> None:
        seconds, state = watch.seconds(), watch.state
        status, code = state.get(REFUSAL, (watch.status, state.get("code", "none")))
        verdict = state.get("verdict", "none")
        self._telemetry.requests.labels(str(status), code, verdict).inc()
        self._telemetry.request_seconds.labels(str(status)).observe(seconds)
        if REFUSED in state and REFUSAL not in state:
            self._refused.add()
            return
        logger.log(
            _LEVELS.get(status, logging.INFO),
            "request",
            exc_info=watch.failure,
            extra={
                "request_id": request_id(state),
                "method": method,
                "path": path,
                "status": status,
                "code": code,
                "verdict": verdict,
                **{name: state.get(name) for name in _TOLD},
                "seconds": round(seconds, 4),
            },
        )

    def _tell_refused(self, count: int) -> None:
        logger.info("requests refused", extra={"path": self._path, "count": count})
