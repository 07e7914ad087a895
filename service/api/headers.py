"""Headers of answers: what is said in them, and how the API describes them."""

from collections.abc import Mapping
from typing import Any

from service.analysis import Analysis
from service.api.schemas.vocabulary import METHODS, REPORT_WARNINGS, VERDICTS
from service.inference.admission import LONGEST_WAIT_S

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def _words(known: Mapping[Any, str]) -> str:
    return ", ".join(f"`{word}`" for word in known)


def _of_images(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": f"{text}. Sent beside an image only.", "schema": schema}


IMAGE_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "X-Unmask-Id": _of_images("`id` of the report", _ID),
    "X-Unmask-Verdict": _of_images(
        "`verdict` of the report", {"type": "string", "enum": list(VERDICTS)}
    ),
    "X-Unmask-Method": _of_images(f"`method.name` of the report, such as {_words(METHODS)}", _TEXT),
    "X-Unmask-Model-SHA256": _of_images("`model.sha256` of the report", _DIGEST),
    "X-Unmask-Fake-Probability": _of_images(
        "`fake_probability` of the report to six decimals, 0 to 1; absent for `no_face`", _SHARE
    ),
    "X-Unmask-Real-Probability": _of_images(
        "`real_probability` of the report to six decimals, 0 to 1; absent for `no_face`", _SHARE
    ),
    "X-Unmask-Frame-Index": _of_images(
        "`mask.frame_index` of the report, from 0; absent for `no_face`", _WHOLE
    ),
    "X-Unmask-Warnings": _of_images(
        f"`warnings` of the report, separated by commas ({_words(REPORT_WARNINGS)}); "
        "absent without any",
        _TEXT,
    ),
    "Content-Disposition": {
        "description": "A name to save the overlay by. Sent beside `image/webp` only.",
        "schema": _TEXT,
    },
}
"""OpenAPI's description of what `answers` sends beside an image."""

REQUEST_ID: Mapping[str, Any] = {
    "description": "Random identifier of this request, 32 hexadecimal digits, which the service's "
    "log has, too: name it when you complain.",
    "schema": _ID,
}
"""Of every answer of /analyze, whatever its status."""

RETRY_AFTER: Mapping[str, Any] = {
    "description": f"Whole seconds until it is worth asking again, 1 to {LONGEST_WAIT_S}; may be "
    "absent while the service shuts down.",
    "schema": {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S},
}
ACCEPT_ENCODING: Mapping[str, Any] = {
    "description": "`identity`. Sent only where it is the request's `Content-Encoding` that is not "
    "read.",
    "schema": _TEXT,
}
WWW_AUTHENTICATE: Mapping[str, Any] = {
    "description": "How to present a key: `Bearer`.",
    "schema": _TEXT,
}


def image_headers(analysis: Analysis) -> dict[str, str]:
    """What an image cannot say of its analysis."""
    report = analysis.report
    headers = {
        "X-Unmask-Id": analysis.id,
        "X-Unmask-Verdict": report.verdict,
        "X-Unmask-Method": report.method.name,
        "X-Unmask-Model-SHA256": analysis.model.sha256,
    }
    if report.fake_probability is not None:
        headers["X-Unmask-Fake-Probability"] = f"{report.fake_probability:.6f}"
        headers["X-Unmask-Real-Probability"] = f"{1 - report.fake_probability:.6f}"
    if report.mask is not None:
        headers["X-Unmask-Frame-Index"] = str(report.mask.frame_index)
    if report.warnings:
        headers["X-Unmask-Warnings"] = ", ".join(report.warnings)
    return headers
