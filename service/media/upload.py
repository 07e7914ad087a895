"""What a client sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as received; its size has already been limited by the edge.

    data: the raw bytes. What a client calls them, or says they are, is never looked at.
    """

    data: bytes
