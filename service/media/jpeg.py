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
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END = 0xDA, 0xD9
# What may follow 0xFF within a scan: zero where that is data, a restart marker, a fill byte.
_WITHIN_SCAN = np.isin(np.arange(256), [0x00, *range(0xD0, 0xD8), 0xFF])
# What decoders look for from the end of a scan, or of a segment, on, whatever lies between.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
# Far more than come before any picture's data, fill bytes among them.
_MOST_MARKERS = 100_000
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
    at, scans = 2, 0
    for _ in range(_MOST_MARKERS):
        found = _MARKER.search(data, at)
        if found is None or data[found.start() + 1] == _END:
            return False
        scans += data[found.start() + 1] == _START_OF_SCAN
        if scans > than:
            return True
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        at = found.end() + max(length, 2)
    return True


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


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker of each segment, and where it begins, as far as they follow one another."""
    at = 2
    for _ in range(_MOST_MARKERS):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            at += 1
            continue
        if marker == 0x00:  # none: the decoder passes it over
            at += 2
            continue
        yield marker, at
        if marker in _BARE_MARKERS:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + max(length, 2)
