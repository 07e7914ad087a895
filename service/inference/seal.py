"""The last entry of a model file's metadata: the digest of all that comes before it."""

import hashlib

SEAL_KEY = "unmask.sha256"
SEAL_BYTES = 6 + len(SEAL_KEY) + 64
"""Of the entry in the file: a byte for the kind and one for the length of it, of its key and of its
value, then both."""


def seal_of(content: bytes) -> str:
    """The seal of a file that has this before it."""
    return hashlib.sha256(content).hexdigest()


def is_whole(content: bytes, seal: str) -> bool:
    """Whether a file is the one that was sealed so.

    WHY: versions of a model have one layout, to the byte. A file of which one was written over
    another in part loads, and claims to be one of them.
    """
    return seal_of(content[:-SEAL_BYTES]) == seal
