"""What the OpenAPI document says beyond the routes."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.api.auth import SECURITY_SCHEMES
from service.api.headers import REQUEST_ID
from service.api.problems import Problem
from service.api.schemas.vocabulary import VERDICTS, listed
from service.errors import UnmaskError


def _problems() -> Iterator[str]:
    yield "- `not_found` (404): There is no such path"
    yield "- `method_not_allowed` (405): The path does not take this method; `Allow` says which"
    yield "- `bad_request` (400): What arrives is no HTTP/1.1 that is understood here: no HTTP at "
    "all, not exactly one `Host`, another transfer coding than chunks, or a first line over 64 KiB"
    yield "- `request_timeout` (408): A request's first line and headers take too long"
    yield "- `request_header_fields_too_large` (431): A request's first line and headers, or its "
    "trailers, are longer than 64 KiB and do not end"
    errors: list[type[UnmaskError]] = [UnmaskError, *UnmaskError.__subclasses__()]
    for error in errors:
        yield f"- `{error.code}` ({error.status}): {error.title}"


DESCRIPTION = "\n".join(
    [
        "Tells of every face in a picture or a clip whether it was manipulated, how, and where. "
        "A verdict says where to look closer; it proves nothing.",
        "",
        "`POST /analyze` takes one file and answers with a report in JSON, or with the mask alone "
        "(`Accept: image/png`) or the overlay alone (`Accept: image/webp`). Where the service has "
        "keys, it needs one of them; everything else is open.",
        "",
        listed("**Verdicts**, that of the worst face for a whole upload:", VERDICTS),
        "",
        "**Errors** are `application/problem+json` (RFC 9457) with a stable `code`:",
        "",
        *sorted(_problems(), key=lambda line: line.partition("(")[2]),
    ]
)


def describe(app: FastAPI) -> None:
    """Let an app's OpenAPI document hold what FastAPI cannot derive from the routes.

    A security dependency would declare the schemes too, but be run for every request beside the
    check that there is.
    """
    app.description = DESCRIPTION
    derived = app.openapi

    def openapi() -> dict[str, Any]:
        document = derived()
        components = document["components"]
        components["securitySchemes"] = SECURITY_SCHEMES
        components["schemas"]["Problem"] = Problem.model_json_schema()
        # The meter sends it, beyond the routes.
        for answer in document["paths"]["/analyze"]["post"]["responses"].values():
            answer.setdefault("headers", {})["X-Request-Id"] = dict(REQUEST_ID)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
