"""What nobody foresaw is a typed problem too, and counted as such."""

import asyncio

import httpx
from fastapi import FastAPI

from service.api.meter import RequestMeter
from service.api.problems import install_problem_handlers
from service.telemetry import Telemetry


def test_an_unforeseen_error_says_nothing_of_itself() -> None:
    telemetry, app = Telemetry(), FastAPI()
    app.add_middleware(RequestMeter, telemetry=telemetry, path="/broken")
    install_problem_handlers(app)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret path /etc/shadow")

    async def scenario() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
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
