"""What nobody foresaw is a typed problem too, and counted as such."""

import asyncio
import time

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from service.api.meter import RequestMeter
from service.api.pace import Pace
from service.api.problems import install_problem_handlers, response_for
from service.errors import DeadlineExceededError
from service.telemetry import Telemetry
from tests.service.api.app_server import serving


def test_an_unforeseen_error_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    telemetry, app = Telemetry(), FastAPI()
    app.add_middleware(RequestMeter, telemetry=telemetry, path="/broken")
    install_problem_handlers(app, Pace(time.monotonic))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret path /etc/shadow")

    async def scenario() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/broken")

    response = asyncio.run(scenario())
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "internal_error"
    assert "secret" not in response.text
    labels = {"status": "500", "code": "internal_error", "verdict": "none"}
    assert telemetry.registry.get_sample_value("unmask_requests_total", labels) == 1
    assert telemetry.registry.get_sample_value("unmask_in_flight_requests") == 0
    (line,) = [vars(record) for record in caplog.records if record.name == "unmask.requests"]
    assert (line["levelname"], line["status"]) == ("ERROR", 500)
    assert line["request_id"] == response.headers["x-request-id"]
    assert "secret path" in str(line["exc_info"][1]), "the log alone tells what went wrong"


def test_an_error_in_the_middle_of_an_answer_is_logged_with_its_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("broken off")

    telemetry = Telemetry()
    with (
        serving(RequestMeter(half, telemetry, "/"), 20.0, []) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
        client.stream("GET", "/") as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        response.read()
    (line,) = [vars(record) for record in caplog.records if record.name == "unmask.requests"]
    assert (line["levelname"], line["status"]) == ("ERROR", 500)
    assert line["request_id"] == response.headers["x-request-id"]


def test_a_deadline_that_passes_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await response_for(DeadlineExceededError())(scope, receive, send)

    async def scenario() -> None:
        transport = httpx.ASGITransport(RequestMeter(late, Telemetry(), "/"))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/")).status_code == 504

    asyncio.run(scenario())
    (line,) = [vars(record) for record in caplog.records if record.name == "unmask.requests"]
    assert line["levelname"] == "WARNING"
