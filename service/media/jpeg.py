"""What comes before a JPEG's data, in how many scans these come, and what makes OpenCV notice that
they end early.
"""

import re
import struct
from collections.abc import Iterator

import numpy as np

# Frame headers: SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_START_OF_SCAN, _END = 0xDA, 0xD9
# What may follow 0xFF within a scan: zero where that is data, a restart marker, a fill byte.
_WITHIN_SCAN = np.isin(np.arange(256), [0x00, *range(0xD0, 0xD8), 0xFF])
# What decoders look for from the end of a scan, or of a segment, on, whatever lies between: fill
# bytes, markers without a segment, 0xFF 0x00, or what a program left there by mistake.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
# Far more than any picture has.
_MOST_MARKERS, _MOST_BETWEEN = 100_000, 2**20
# The decoder reads up to eight bytes ahead. More would be taken for missing data.
_AHEAD = bytes(8)


def size(data: bytes) -> tuple[int, int]:
    """Width and height, 0 where they are not told. Raises IndexError or struct.error for a part of
    a header.
    """
    for marker, at in _segments(data):
        if marker in (_START_OF_SCAN, _END):
            break
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
    return 0, 0


def has_more_scans(data: bytes, than: int) -> bool:
    """Whether the picture's data come in more scans than so many; also where they cannot be
    counted, for more segments than any picture has.

    Counted are those that a decoder comes to: none within a segment, as of thumbnails, and none
    behind the picture's end.
    """
    scans = 0
    for number, (marker, _) in enumerate(_segments(data, len(data)), 1):
        if marker == _END:
            return False
        scans += marker == _START_OF_SCAN
        if scans > than or number == _MOST_MARKERS:
            return True
    return False


def without_end(data: bytes) -> bytes:
    """The same picture without the marker after its data, where it can be decoded without.

    At that marker the decoder fills what is missing with grey and says that all is well; where
    there is none, it says that the data ended. Only sequential pictures of a single scan can do
    without it: others, and what cannot be understood, come back as they are.
    """
    try:
        start = _only_scan(data)
    except (struct.error, IndexError):
        return data
    if start is None or start >= len(data):
        return data
    scan = np.frombuffer(data, np.uint8, offset=start)
    escapes = np.flatnonzero(scan[:-1] == 0xFF)
    markers = escapes[~_WITHIN_SCAN[scan[escapes + 1]]]
    # Some cameras write none, with nothing missing before it. Files that were never received whole
    # have none either, but noughts to their full length, which the decoder would take for data.
    end = start + int(markers[0]) if len(markers) else len(data.rstrip(b"\0"))
    return data[:end] + _AHEAD


def _only_scan(data: bytes) -> int | None:
    """Where the data of a sequential picture's only scan begins."""
    components = 0
    for marker, at in _segments(data):
        if marker in _SEQUENTIAL:
            components = data[at + 9]
        elif marker == _START_OF_SCAN:
            (length,) = struct.unpack_from(">H", data, at + 2)
            return at + 2 + length if data[at + 4] == components else None
    return None


def _segments(data: bytes, between: int = _MOST_BETWEEN) -> Iterator[tuple[int, int]]:
    """Marker of each segment, and where it begins: those that decoders come to, and as many of
    them as are looked at.

    between: bytes that are passed over between segments, all together.
    """
    at = 2
    for _ in range(_MOST_MARKERS):
        found = _MARKER.search(data, at, at + between)
        if found is None:
            return
        between -= found.start() - at
        yield data[found.start() + 1], found.start()
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        at = found.end() + max(length, 2)
