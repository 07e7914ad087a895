"""The ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from service.api.desk import Desk
from service.api.document import describe
from service.api.gate import Gate
from service.api.meter import RequestMeter
from service.api.problems import install_problem_handlers
from service.api.routes import build_router
from service.devices import Equipment
from service.opening import open_pipeline
from service.settings import Settings
from service.telemetry import Telemetry

# FastAPI's own, on unless it is told otherwise: what the environment says of OpenTelemetry would
# send reports elsewhere, or end every request where a part that it names is not installed.
_NO_REPORTS: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}


def create_app(settings: Settings, equipment: Equipment | None = None) -> FastAPI:
    """The app; its stages start and stop with its lifespan. Its desk is `app.state.desk`.

    equipment: see `open_pipeline`.
    """
    telemetry = Telemetry()
    desk = Desk(settings, telemetry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with open_pipeline(settings, telemetry, equipment) as pipeline:
            desk.pipeline = pipeline
            # So a server ends that is told not to wait for anything: no error of the application's.
            with suppress(asyncio.CancelledError):
                yield
            desk.pipeline = None

    # An upload that is sent to another address must be sent twice: better none than that.
    app = FastAPI(
        title="Unmask",
        version="1",
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        telemetry=_NO_REPORTS,
    )
    app.state.desk = desk
    # The meter is the outer of the two: it counts what the gate refuses.
    app.add_middleware(Gate, desk=desk, path="/analyze")
    app.add_middleware(RequestMeter, telemetry=telemetry, path="/analyze")
    install_problem_handlers(app, desk.pace)
    app.include_router(build_router(desk))
    describe(app)
    return app
