"""What a request for an analysis may choose."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import WithJsonSchema

Masks = Annotated[
    Literal["inline", "none", "clip"],
    Query(
        description="`inline`: masks as base64 PNG. `none`: only their sizes. `clip`: as inline, "
        "and `overlay`, a base64 WebP with masks and faces drawn on the analysed frames (animated "
        "for a clip; null without a face)."
    ),
]
# Not to be sent is no value to send: `null` is refused.
_FromOne = WithJsonSchema({"type": "integer", "minimum": 1})

MaxFrames = Annotated[
    int | None,
    _FromOne,
    Query(
        ge=1,
        description="Frames of a clip to analyse, from 1; by default `UNMASK_MEDIA__FRAMES`, at "
        "most `UNMASK_MEDIA__MAX_FRAMES` of the service's settings.",
    ),
]
MaxFaces = Annotated[
    int | None,
    _FromOne,
    Query(
        ge=1,
        description="Faces to keep, from 1; by default and at most `UNMASK_FACES__MAX_FACES` of "
        "the service's settings.",
    ),
]
