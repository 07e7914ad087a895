"""Counts, times and logs every request to /analyze, however it ends."""

import asyncio
import logging
import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import UnmaskError
from service.telemetry import Telemetry

logger = logging.getLogger("unmask.requests")

# nginx's status for a client that went away; it never leaves this process but in metrics.
CLIENT_GONE = 499

REFUSED = "refused"
"""Key in a request's state: it was turned away at the door."""

_TOGETHER_S = 1.0


class RequestMeter:
    """ASGI middleware; handlers put `verdict` and `report`, or `code`, into the request's state.

    Those that the gate refuses get a line together, once a second: under a flood a line for each
    would be much of what a refusal costs.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry, path: str) -> None:
        self._app = app
        self._telemetry = telemetry
        self._path = path
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan":
                self._tell_refused()
            return
        begun, status = time.perf_counter(), CLIENT_GONE

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._telemetry.in_flight.inc()
        try:
            await self._app(scope, receive, send_and_see)
        except Exception:
            # The layer outside of this one answers for what nobody foresaw.
            status = HTTPStatus.INTERNAL_SERVER_ERROR.value
            scope.setdefault("state", {})["code"] = UnmaskError.code
            raise
        finally:
            self._telemetry.in_flight.dec()
            seconds = time.perf_counter() - begun
            state = scope.get("state", {})
            code, verdict = state.get("code", "none"), state.get("verdict", "none")
            self._telemetry.requests.labels(str(status), code, verdict).inc()
            self._telemetry.request_seconds.labels(str(status)).observe(seconds)
            if REFUSED in state:
                self._count_refused()
            else:
                logger.info(
                    "request",
                    extra={
                        "method": scope["method"],
                        "path": self._path,
                        "status": status,
                        "code": code,
                        "verdict": verdict,
                        "report": state.get("report"),
                        "seconds": round(seconds, 4),
                    },
                )

    def _count_refused(self) -> None:
        if not self._refused:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self._tell_refused)
        self._refused += 1

    def _tell_refused(self) -> None:
        if self._refused:
            logger.info("requests refused", extra={"path": self._path, "count": self._refused})
        self._refused = 0
