"""The routes of the API, version 1."""

import asyncio
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect

from service.api.answers import answer_without_overlay, json_answer, overlay_answer
from service.api.auth import KeyRing
from service.api.disconnect import while_connected
from service.api.meter import CLIENT_GONE
from service.api.negotiation import negotiate
from service.api.problems import documented
from service.api.schemas import ReportBody
from service.api.upload import OPENAPI_BODY, read_upload
from service.errors import (
    DeadlineExceededError,
    DecodeTimeoutError,
    InvalidRequestError,
    MediaCorruptError,
    MediaTooLargeError,
    NotAcceptableError,
    NotReadyError,
    OverloadedError,
    UnauthorizedError,
    UnmaskError,
    UnsupportedMediaError,
)
from service.pipeline import Analysis, Options, Pipeline
from service.settings import Settings
from service.telemetry import Telemetry

_WEB = Path(__file__).parent.parent / "web"
_SCRIPTS = ("app.js", "viewer.js", "timeline.js", "words.js")
_PAGE_FILES = {
    "/": ("index.html", "text/html"),
    **{f"/web/{name}": (name, "text/javascript") for name in _SCRIPTS},
    "/web/style.css": ("style.css", "text/css"),
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ANALYZE_ERRORS = documented(
    InvalidRequestError,
    UnauthorizedError,
    NotAcceptableError,
    MediaTooLargeError,
    UnsupportedMediaError,
    MediaCorruptError,
    DecodeTimeoutError,
    UnmaskError,
    OverloadedError,
    DeadlineExceededError,
)
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_RESPONSE: dict[str, Any] = {
    "description": "The report. With `Accept: image/png` the mask of the most incriminating "
    "frame alone, at its full size; with `Accept: image/webp` the overlay alone: all analysed "
    "frames with masks and faces drawn on them, animated for a clip. Both carry the verdict in "
    "`X-Unmask-*` headers.",
    "content": {"image/png": _BINARY, "image/webp": _BINARY},
}
_MASK = Query(
    description="`inline`: masks as base64 PNG. `none`: only their sizes. `clip`: as inline, and "
    "`overlay`, a base64 WebP with masks and faces drawn on the analysed frames (animated for a "
    "clip; null without a face)."
)
_MAX_FRAMES = Query(ge=1, description="Frames of a clip to analyse; cut to the service's limit.")
_MAX_FACES = Query(ge=1, description="Faces to keep; cut to the service's limit.")


class Desk:
    """What the handlers need; lives as long as the app.

    pipeline: None until the stages have started.
    draining: set on SIGTERM; readiness then says 503.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self.settings = settings
        self.telemetry = telemetry
        self.keys = KeyRing(key.get_secret_value() for key in settings.api_keys)
        self.pipeline: Pipeline | None = None
        self.draining = False
        telemetry.watch(telemetry.ready, lambda: float(self.problem() is None))

    def problem(self) -> str | None:
        """Why the service is not ready, or None."""
        if self.draining:
            return "the service is shutting down"
        return "the service is starting" if self.pipeline is None else self.pipeline.problem()

    def opened(self) -> Pipeline:
        """The pipeline; raises NotReadyError before it has started."""
        if self.pipeline is None:
            raise NotReadyError("The service is starting.", retry_after_s=1)
        return self.pipeline


def build_router(desk: Desk) -> APIRouter:
    """All routes, bound to one app's desk."""
    router = APIRouter()

    @router.post(
        "/analyze",
        response_model=ReportBody,
        responses={200: _RESPONSE, **_ANALYZE_ERRORS},
        openapi_extra=OPENAPI_BODY,
        summary="Was any face manipulated, how, and where?",
    )
    async def analyze(
        request: Request,
        mask: Annotated[Literal["inline", "none", "clip"], _MASK] = "inline",
        max_frames: Annotated[int | None, _MAX_FRAMES] = None,
        max_faces: Annotated[int | None, _MAX_FACES] = None,
    ) -> Response:
        deadline = asyncio.get_running_loop().time() + desk.settings.server.deadline_s
        desk.keys.check(request.headers)
        wanted = negotiate(request.headers.get("accept"))
        pipeline = desk.opened()
        try:
            # The permit comes before the body: refused uploads must not fill the memory.
            with pipeline.admission.permit() as permit:
                try:
                    async with asyncio.timeout_at(deadline):
                        upload = await read_upload(request, desk.settings.media.max_bytes)
                except TimeoutError as error:
                    raise DeadlineExceededError("The upload took too long.") from error
                options = Options(max_frames, max_faces)

                async def work() -> tuple[Analysis, Response]:
                    present = partial(answer_without_overlay, media_type=wanted, masks=mask)
                    found, answer = await pipeline.analyze(
                        upload, options, permit, deadline, present
                    )
                    if answer is not None:
                        return found, answer
                    overlay = await pipeline.overlay(upload, found, options, deadline)
                    if wanted == "image/webp":
                        return found, overlay_answer(found, overlay)
                    return found, await asyncio.to_thread(
                        json_answer, found, inline_masks=True, overlay=overlay
                    )

                analysis, response = await while_connected(request, work())
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)
        except asyncio.CancelledError:
            # uvicorn cancels what is left once the drain runs out, and would answer 500.
            if not desk.draining:
                raise
            raise NotReadyError("The service is shutting down.", retry_after_s=1) from None
        request.state.verdict = analysis.report.verdict
        return response

    @router.get("/livez", summary="Is the process alive?")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        "/readyz", summary="Would work sent now be done?", responses=documented(NotReadyError)
    )
    async def readyz() -> dict[str, str]:
        problem = desk.problem()
        if problem is not None:
            raise NotReadyError(problem)
        return {"status": "ready"}

    @router.get("/metrics", summary="Metrics for Prometheus")
    async def metrics() -> Response:
        if desk.pipeline is not None:
            desk.telemetry.media_restarts(desk.pipeline.media_restarts)
        kind = {"Content-Type": CONTENT_TYPE_LATEST}
        return Response(desk.telemetry.exposition(), headers=kind)

    @router.get("/model", summary="Card and digest of the model")
    async def model() -> dict[str, Any]:
        pipeline = desk.opened()
        return {
            **asdict(pipeline.model.spec),
            "sha256": pipeline.model.sha256,
            "device": pipeline.device.name,
            "provider": pipeline.device.provider,
        }

    for path, (name, kind) in _PAGE_FILES.items():
        router.add_api_route(path, _page(name, kind), include_in_schema=False)
    return router


def _page(name: str, kind: str) -> Any:
    content = (_WEB / name).read_bytes()

    async def page() -> Response:
        headers = {"Content-Security-Policy": _PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=kind)

    return page
