"""What the request log says."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.meter import RequestMeter
from service.api.problems import REFUSED
from service.telemetry import Telemetry

PATH = "/analyze"


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers, and refuses what comes without a query."""
    del receive
    if scope["type"] == "lifespan":
        return
    scope.setdefault("state", {})
    if not scope["query_string"]:
        scope["state"].update({REFUSED: True, "code": "overloaded"})
    else:
        scope["state"].update(verdict="authentic", report="ab12")
    status = 200 if scope["query_string"] else 503
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Message:
    return {"type": "http.request"}


async def _send(message: Message) -> None:
    del message


def _scope(query: bytes) -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": PATH, "query_string": query}


def _lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Any]]:
    records = [vars(r) for r in caplog.records if r.name == "unmask.requests"]
    return [(r["message"], r.get("count", r.get("status"))) for r in records]


def test_refusals_share_a_line_a_second_and_all_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    telemetry = Telemetry()

    async def flood() -> None:
        meter = RequestMeter(_answer, telemetry, PATH)
        for query in (b"", b"", b"mask=none", b""):
            await meter(_scope(query), _receive, _send)
        assert _lines(caplog) == [("request", 200)]
        await asyncio.sleep(1.1)
        assert _lines(caplog) == [("request", 200), ("requests refused", 3)]
        await meter(_scope(b""), _receive, _send)
        await meter({"type": "lifespan"}, _receive, _send)

    asyncio.run(flood())
    assert _lines(caplog)[2:] == [("requests refused", 1)], "what is left is told at the end"
    labels = {"status": "503", "code": "overloaded", "verdict": "none"}
    assert telemetry.registry.get_sample_value("unmask_requests_total", labels) == 4
    seconds = "unmask_request_seconds_count"
    assert telemetry.registry.get_sample_value(seconds, {"status": "503"}) == 4
    assert telemetry.registry.get_sample_value(seconds, {"status": "200"}) == 1
    (told,) = [vars(r) for r in caplog.records if r.message == "request"]
    found = {key: told[key] for key in ("status", "code", "verdict", "report")}
    assert found == {"status": 200, "code": "none", "verdict": "authentic", "report": "ab12"}
