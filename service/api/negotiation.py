"""Which of the representations a client wants."""

import re
from typing import Literal, get_args

from service.errors import NotAcceptableError

Representation = Literal["application/json", "image/png", "image/webp"]

_QUALITY = re.compile(r"0?\.[0-9]+|0\.?|1(\.0*)?")
_OFFERS: tuple[Representation, ...] = get_args(Representation)


def negotiate(accept: str | None) -> Representation:
    """Choose by an Accept header (RFC 9110, 12.5.1); JSON where nothing is preferred.

    Raises NotAcceptableError when the header allows none.
    """
    if not accept or not accept.strip(", \t"):
        return "application/json"
    ranges = [_parse(part) for part in accept.split(",") if part.strip()]
    best = max(_OFFERS, key=lambda offer: _quality(offer, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptableError("Ask for application/json, image/png or image/webp.")
    return best


def _parse(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            return kind, float(value) if _QUALITY.fullmatch(value) else 0.0
    return kind, 1.0


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that covers an offer; 0.0 where none does."""
    for pattern in (offer, offer.split("/", maxsplit=1)[0] + "/*", "*/*"):
        found = [quality for kind, quality in ranges if kind == pattern]
        if found:
            return max(found)
    return 0.0
