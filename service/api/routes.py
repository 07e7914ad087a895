"""The routes of the API, version 1."""

import asyncio
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect

from service.analysis import Analysis, Options
from service.api.answers import (
    OPENAPI_RESPONSE,
    answer_without_overlay,
    json_answer,
    overlay_answer,
)
from service.api.desk import Desk
from service.api.disconnect import while_connected
from service.api.meter import CLIENT_GONE
from service.api.negotiation import negotiate
from service.api.pages import add_pages
from service.api.parameters import Masks, MaxFaces, MaxFrames
from service.api.problems import documented
from service.api.schemas.health import AliveBody, ReadyBody
from service.api.schemas.model_card import ModelCardBody
from service.api.schemas.report import ReportBody
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
from service.pipeline import Pipeline
from service.settings import Settings

_SLOW_S = 0.5
"""After so long an upload that is still on its way gives up its place."""

_UNKEPT = MappingProxyType({"Cache-Control": "no-store"})

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
    NotReadyError,
    DeadlineExceededError,
    retry_after=True,
)


def build_router(desk: Desk) -> APIRouter:
    """All routes, bound to one app's desk."""
    router, unkept = APIRouter(), [Depends(_unkept)]

    @router.post(
        "/analyze",
        response_model=ReportBody,
        responses={200: OPENAPI_RESPONSE, **_ANALYZE_ERRORS},
        openapi_extra={**OPENAPI_BODY, "security": desk.keys.requirements},
        summary="Was any face manipulated, how, and where?",
    )
    async def analyze(
        request: Request,
        mask: Masks = "inline",
        max_frames: MaxFrames = None,
        max_faces: MaxFaces = None,
    ) -> Response:
        deadline = asyncio.get_running_loop().time() + desk.settings.server.deadline_s
        desk.keys.check(request.headers)
        wanted = negotiate(",".join(request.headers.getlist("accept")))
        pipeline = desk.working()
        try:
            # The permit comes before the body: under a flood, refusals must cost little.
            with pipeline.admission.upload() as hold, pipeline.admission.permit() as permit:
                # But who sends slowly must not keep those out who have sent all.
                slow = asyncio.get_running_loop().call_later(_SLOW_S, permit.rest)
                try:
                    with desk.telemetry.passing("upload"):
                        async with asyncio.timeout_at(deadline):
                            most = desk.settings.media.max_bytes
                            upload = await read_upload(request, most, hold.add)
                except TimeoutError as error:
                    raise DeadlineExceededError("The upload took too long.") from error
                finally:
                    slow.cancel()
                request.state.bytes = len(upload.data)
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
        request.state.verdict, request.state.report = analysis.report.verdict, analysis.id
        request.state.kind = analysis.report.media.kind
        return response

    @router.get(
        "/livez",
        dependencies=unkept,
        summary="Is the process alive?",
        response_description="It is.",
    )
    async def livez() -> AliveBody:
        return AliveBody(status="alive")

    @router.get(
        "/readyz",
        dependencies=unkept,
        responses=documented(NotReadyError),
        summary="Would work sent now be done?",
        response_description="It would.",
    )
    async def readyz() -> ReadyBody:
        problem = desk.problem()
        if problem is not None:
            raise NotReadyError(problem)
        return ReadyBody(status="ready")

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        summary="Metrics for Prometheus",
        response_description="Counters, gauges and histograms `unmask_*`, and those of the "
        "process, in its text format, at most a tenth of a second old.",
    )
    async def metrics() -> Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST, **_UNKEPT}
        return Response(desk.telemetry.exposition.text(), headers=headers)

    @router.get(
        "/model",
        dependencies=unkept,
        response_model=ModelCardBody,
        responses=documented(NotReadyError, retry_after=True),
        summary="Card and digest of the model",
        response_description="What the service uses of the model file, its digest, where it runs, "
        "and the settings that have a say in verdicts.",
    )
    async def model() -> dict[str, Any]:
        pipeline = desk.opened()
        return {
            **asdict(pipeline.model.spec),
            "sha256": pipeline.model.sha256,
            "device": pipeline.device.name,
            "provider": pipeline.device.provider,
            "service": _service(desk.settings, pipeline),
        }

    add_pages(router)
    _answer_head(router)
    return router


async def _unkept(response: Response) -> None:
    """What holds for now only is not to be answered by a cache on the way."""
    response.headers.update(_UNKEPT)


def _service(settings: Settings, pipeline: Pipeline) -> dict[str, Any]:
    media, faces, verdict = settings.media, settings.faces, settings.verdict
    return {
        "version": version("unmask"),
        "onnxruntime": pipeline.onnxruntime,
        "min_face_px": verdict.min_face_px,
        "min_sharpness": verdict.min_sharpness,
        "detector": faces.detector,
        "min_score": faces.min_score,
        "max_faces": faces.max_faces,
        "frames": min(media.frames, media.max_frames),
        "max_frames": media.max_frames,
    }


def _answer_head(router: APIRouter) -> None:
    """What can be got can be asked for without its content, as probes do (RFC 9110, 9.3.2)."""
    for route in [*router.routes]:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            path, answer = route.path, route.endpoint
            router.add_api_route(
                path,
                answer,
                methods=["HEAD"],
                dependencies=route.dependencies,
                include_in_schema=False,
            )
