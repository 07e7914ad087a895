"""Errors to RFC 9457 problem details."""

import functools
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException

from service.api.headers import ACCEPT_ENCODING, RETRY_AFTER, WWW_AUTHENTICATE
from service.api.pace import Pace
from service.api.schemas.vocabulary import LIMITS, listed
from service.errors import CodedBodyError, InvalidRequestError, OverloadedError, UnmaskError

MEDIA_TYPE = "application/problem+json"
PROBLEM_SCHEMA = "#/components/schemas/Problem"
"""Where `document` puts the schema of problems: one for all of them."""

REFUSED = "refused"
"""Key in a request's state: it was turned away for want of room, at the door or behind it."""


def _without_default(schema: dict[str, Any]) -> None:
    """Null is never sent: what does not apply is left out."""
    schema.pop("default", None)


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(
        examples=["urn:unmask:problem:media_too_large"],
        description="`urn:unmask:problem:` and the code.",
    )
    title: str = Field(
        examples=["The file exceeds a limit"],
        description="One short sentence for people, the same for every problem of this code.",
    )
    status: int = Field(examples=[413], description="The HTTP status, 400 to 599.")
    detail: str = Field(
        examples=["The file is larger than 104857600 bytes."],
        description="What is particular to this case, for people.",
    )
    code: str = Field(
        examples=["media_too_large"],
        description="Stable and machine-readable; all codes are listed in the API's description.",
    )
    limit: str | SkipJsonSchema[None] = Field(
        default=None,
        json_schema_extra=_without_default,
        examples=["bytes"],
        description=listed("The limit passed; absent but for `media_too_large`.", LIMITS),
    )


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    limit: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An application/problem+json response."""
    body = _problem_body(status, code, title, detail, limit)
    return Response(body, status, headers, media_type=MEDIA_TYPE)


# Under a flood the same refusal is said thousands of times.
@functools.lru_cache(maxsize=16)
def _problem_body(status: int, code: str, title: str, detail: str, limit: str | None) -> bytes:
    problem = Problem(
        type=f"urn:unmask:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        limit=limit,
    )
    return problem.model_dump_json(exclude_none=True).encode()


def response_for(error: UnmaskError) -> Response:
    """The response that tells a client of one of our own errors."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="unmask"'
    if isinstance(error, CodedBodyError):
        # Of no other 415: it tells codings from media types (RFC 9110, 12.5.3).
        headers["Accept-Encoding"] = "identity"
    return problem_response(
        error.status, error.code, error.title, error.detail, limit=error.limit, headers=headers
    )


def install_problem_handlers(app: FastAPI, pace: Pace) -> None:
    """Let every error of an app leave as a problem. pace: of refusals."""

    async def overloaded(request: Request, error: OverloadedError) -> Response:
        # It holds the frames that it came through, and they the upload, which counts no more.
        error.__traceback__ = None
        await pace.hold_back()
        setattr(request.state, REFUSED, True)
        return await _unmask_error(request, error)

    app.exception_handler(OverloadedError)(overloaded)
    app.exception_handler(UnmaskError)(_unmask_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_exception)
    app.exception_handler(Exception)(_unexpected_error)


async def _unmask_error(request: Request, error: UnmaskError) -> Response:
    request.state.code, request.state.limit = error.code, error.limit
    return response_for(error)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    detail = "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
    )
    return await _unmask_error(request, InvalidRequestError(detail))


async def _http_exception(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    code = request.state.code = status.phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    # The routes of HEAD are others than those of GET, and the first that matches names itself.
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"
    return problem_response(status, code, status.phrase, status.description, headers=headers)


async def _unexpected_error(_: Request, error: Exception) -> Response:
    # Starlette raises it again for the log; the client learns nothing of what went wrong.
    return response_for(UnmaskError())


def documented(
    *errors: type[UnmaskError], retry_after: bool = False
) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for errors; those that share a status share an entry.

    retry_after: whether a 503 says when to come back.
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        text = f"`{error.code}`: {error.title}"
        if error.status in responses:
            responses[error.status]["description"] += f". {text}"
            continue
        response = responses[error.status] = {
            "description": text,
            "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM_SCHEMA}}},
        }
        if error.status == HTTPStatus.UNAUTHORIZED:
            response["headers"] = {"WWW-Authenticate": WWW_AUTHENTICATE}
        if error.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            response["headers"] = {"Accept-Encoding": ACCEPT_ENCODING}
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE and retry_after:
            response["headers"] = {"Retry-After": RETRY_AFTER}
    return responses
