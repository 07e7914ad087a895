"""Whoever is refused is refused at the pace of refusals, at the door or behind it."""

import asyncio
import logging
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.api.meter import RequestMeter
from service.api.pace import Pace
from service.api.problems import install_problem_handlers
from service.app import create_app
from service.errors import OverloadedError
from service.inference.admission import Kind
from service.settings import MediaSettings, Settings
from service.telemetry import Telemetry

FLOOD = 50
LEAST_S = (FLOOD - 1) / 100 - 0.01


async def refused_for_s(app: FastAPI) -> float:
    """How long it takes until all of a flood have been refused."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        begun = time.monotonic()
        answers = await asyncio.gather(
            *[client.post("/analyze", content=b"words") for _ in range(FLOOD)]
        )
        assert {answer.json()["code"] for answer in answers} == {"overloaded"}
        return time.monotonic() - begun


def test_a_flood_is_held_back_at_the_door_and_gets_no_lines_one_by_one(
    model_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    app = create_app(Settings(model=model_path, media=MediaSettings(workers=1)))

    async def flood() -> float:
        async with app.router.lifespan_context(app):
            with app.state.desk.pipeline.admission.permit() as permit:
                permit.grow(10_000, Kind.PICTURE)
                return await refused_for_s(app)

    assert asyncio.run(flood()) > LEAST_S
    assert "request" not in [record.message for record in caplog.records]


def test_so_is_one_that_is_refused_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app, telemetry = FastAPI(), Telemetry()
    app.add_middleware(RequestMeter, telemetry=telemetry, path="/analyze")
    install_problem_handlers(app, Pace(time.monotonic))

    @app.post("/analyze")
    async def full() -> None:
        raise OverloadedError("There is no room.", retry_after_s=1)

    assert asyncio.run(refused_for_s(app)) > LEAST_S
    assert "request" not in [record.message for record in caplog.records]
    labels = {"status": "503", "code": "overloaded", "verdict": "none"}
    assert telemetry.registry.get_sample_value("unmask_requests_total", labels) == FLOOD
