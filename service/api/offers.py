"""Offers of another protocol, as clients make them in the head of a request."""

import re

_END = re.compile(rb"\n\r?\n")
BEFORE_BYTES = 2
"""Of the end of a head so much may have come before its last byte."""
_OFFER = re.compile(rb"\n(?=Upgrade[ \t]*:)", re.IGNORECASE)
_MOST_SPACES = 64
_PERHAPS = re.compile(
    rb"\n(?:\r|U(?:p(?:g(?:r(?:a(?:d(?:e[ \t]{0,%d})?)?)?)?)?)?)?\Z" % _MOST_SPACES, re.IGNORECASE
)


class Offers:
    """Renames the header `Upgrade` in a head, in whatever pieces that arrives.

    WHY: servers may ignore an offer (RFC 9110, 7.8), but httptools reads no body after one.
    """

    def __init__(self) -> None:
        self._held = b""

    def passed_over(self, data: bytes, before: bytes = b"") -> bytes:
        """A piece of a head, and what follows on it; where it ends within what may be the name,
        or the end of the head, that much is kept for the next call.

        before: the last BEFORE_BYTES of what has arrived of this head: not all of that need have
            come by here, since a head behind another request begins in that one's last piece.
        """
        before = b"" if self._held else before
        data, self._held = self._held + data, b""
        if end := _END.search(before + data):  # what follows may be a body
            ends = max(0, end.start() - len(before))
            return _OFFER.sub(b"\nX-", data[:ends]) + data[ends:]
        if perhaps := _PERHAPS.search(data, max(0, len(data) - len("\nUpgrade") - _MOST_SPACES)):
            data, self._held = data[: perhaps.start()], data[perhaps.start() :]
        return _OFFER.sub(b"\nX-", data)
