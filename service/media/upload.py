"""What a client sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as received; its size has already been limited by the edge.

    data: the raw bytes.
    declared_type: the media type the client claimed, lower case, or None. Never trusted.
    name: the file name the client gave, for logs only, or None.
    """

    data: bytes
    declared_type: str | None = None
    name: str | None = None
