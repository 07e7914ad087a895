"""JPEGs whose scans are many, and next to nothing each."""

import struct

_FRAME, _TABLE, _SCAN = 0xCA, 0xDB, 0xDA


def segment(marker: int, content: bytes) -> bytes:
    """A marker and what belongs to it."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def of_scans(count: int, side: int = 64) -> bytes:
    """A grey square, progressive and coded by arithmetic.

    The first scan has the means of all blocks, the second their details, the others one bit more
    of these each. A decoder takes noughts for what is not there.
    """
    means, details, finer = b"\0\0\0", b"\x01\x3f\x01", b"\x01\x3f\x10"
    scans = [means, details, *[finer] * (count - 2)]
    return b"".join(
        [
            b"\xff\xd8",
            segment(_TABLE, b"\0" + bytes([1] * 64)),
            segment(_FRAME, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0"),
            *(segment(_SCAN, b"\x01\x01\0" + each) for each in scans),
            b"\xff\xd9",
        ]
    )
