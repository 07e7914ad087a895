"""An analysis as an HTTP response, in each representation. All encode: off the event loop."""

from typing import Any, Literal

import numpy as np
from fastapi import Response

from service.analysis import Analysis
from service.api.headers import IMAGE_HEADERS, image_headers
from service.api.presenter import report_body
from service.verdict.mask import encode_png
from service.verdict.rendering import OVERLAY_TYPE

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
OPENAPI_RESPONSE: dict[str, Any] = {
    "description": "The report. With `Accept: image/png` the mask of the most incriminating "
    "frame alone, at its full size; with `Accept: image/webp` the overlay alone: all analysed "
    "frames with masks and faces drawn on them, animated for a clip. Both carry the verdict in "
    "`X-Unmask-*` headers.",
    "content": {"image/png": _BINARY, "image/webp": _BINARY},
    "headers": IMAGE_HEADERS,
}


def answer_without_overlay(
    analysis: Analysis, *, media_type: str, masks: Literal["inline", "none", "clip"]
) -> Response | None:
    """The response of `media_type`; None where an overlay has to be drawn first.

    masks: how they are wanted in JSON; "clip" wants an overlay as well, where there is a face.
    """
    if media_type == "image/png":
        return mask_answer(analysis)
    if media_type == "image/webp" or (masks == "clip" and analysis.report.faces):
        return None
    return json_answer(analysis, inline_masks=masks != "none", overlay=None)


def json_answer(analysis: Analysis, *, inline_masks: bool, overlay: bytes | None) -> Response:
    """The whole report."""
    body = report_body(analysis, inline_masks=inline_masks, overlay=overlay)
    return Response(body.model_dump_json().encode(), media_type="application/json")


def mask_answer(analysis: Analysis) -> Response:
    """The mask of the most incriminating frame alone; black where there is no face."""
    report = analysis.report
    if report.mask is None:
        pixels = np.zeros((report.media.height, report.media.width), np.uint8)
    else:
        pixels = report.mask.pixels
    return Response(encode_png(pixels), headers=image_headers(analysis), media_type="image/png")


def overlay_answer(analysis: Analysis, overlay: bytes) -> Response:
    """The overlay alone, with a name to save it by."""
    name = {"Content-Disposition": f'inline; filename="unmask-{analysis.id[:8]}.webp"'}
    return Response(overlay, headers={**image_headers(analysis), **name}, media_type=OVERLAY_TYPE)
