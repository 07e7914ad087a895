"""The elements that Matroska and WebM files are made of (RFC 8794, RFC 9559)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SEGMENT = b"\x18\x53\x80\x67"
# How far into the file the segment may begin: only the short EBML header comes before it.
_SEGMENT_WITHIN = 256
_INFO, _SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _TRACK, _TRACK_NUMBER, _TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
_VIDEO = 1
_CLUSTER, _CLUSTER_TIME, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
_BLOCK_GROUP, _BLOCK = 0xA0, 0xA1
_USUAL_SCALE = 1_000_000  # nanoseconds
_LONGEST_NUMBER, _LONGEST_S = 8, 30 * 24 * 3600.0
# Hostile files hold pieces of a few bytes; of one with more than this nothing is said.
_MOST_PIECES = 1_000_000


def segment(data: bytes) -> tuple[int, int]:
    """Where the segment's content begins and ends; the file's end where its size is unknown."""
    at = data.find(_SEGMENT, 0, _SEGMENT_WITHIN) + len(_SEGMENT)
    if at < len(_SEGMENT):
        return len(data), len(data)
    start, size = _size(data, at)
    return start, len(data) if size is None else start + size


def breaks(data: bytes) -> bool:
    """Whether the segment holds what is no element, as files do that were never received whole."""
    at, end = segment(data)
    for _ in range(_MOST_PIECES):
        if at >= end:
            return False
        if data[at] < 0x10:  # identifiers have at most four bytes
            return True
        start, size = _size(data, at + _identifier_bytes(data[at]))
        if size is None:
            return False
        at = start + size
    return False


@dataclass(frozen=True, slots=True)
class Shown:
    """When the frames of the first video track are shown, by the file's own clock.

    times_s: when each appears, in seconds, ascending; not empty. last_s: how long the last one is
    shown, in seconds. No block says so, but the file says how long it is: None where it does not,
    and where it holds more than one track, whose end that may be.
    """

    times_s: tuple[float, ...]
    last_s: float | None


def read_shown(data: bytes) -> Shown | None:
    """What a whole file says of its video; None where it holds none, or is no such file."""
    pieces = _Pieces(data)
    scale, length = _USUAL_SCALE, None
    tracks: list[tuple[int, int]] = []
    blocks: list[tuple[int, int]] = []
    for kind, start, end in pieces.within(*segment(data)):
        if kind == _INFO:
            values = pieces.values(start, end, _SCALE, _DURATION)
            scale = _whole(values.get(_SCALE, b"")) or _USUAL_SCALE
            length = _float(values.get(_DURATION, b""))
        elif kind == _TRACKS:
            inner = [(a, b) for each, a, b in pieces.within(start, end) if each == _TRACK]
            found = [pieces.values(a, b, _TRACK_NUMBER, _TRACK_TYPE) for a, b in inner]
            tracks += [
                (_whole(of.get(_TRACK_NUMBER, b"")), _whole(of.get(_TRACK_TYPE, b"")))
                for of in found
            ]
        elif kind == _CLUSTER:
            blocks += _blocks(pieces, start, end)
    video = next((number for number, type_ in tracks if type_ == _VIDEO), None)
    ticks = sorted(tick for number, tick in blocks if number == video)
    if not ticks or not pieces.left:
        return None
    last_s = None
    if length is not None and len(tracks) == 1:
        last_s = (length - ticks[-1]) * scale / 1e9
    believed = last_s is not None and 0 < last_s < _LONGEST_S
    return Shown(tuple(tick * scale / 1e9 for tick in ticks), last_s if believed else None)


def _blocks(pieces: "_Pieces", start: int, end: int) -> Iterator[tuple[int, int]]:
    """Track and time, in ticks of the file's clock, of each block of a cluster."""
    begins = 0
    for kind, a, b in pieces.within(start, end):
        if kind == _CLUSTER_TIME:
            begins = _whole(pieces.data[a:b])
        elif kind == _SIMPLE_BLOCK:
            yield from _block(pieces.data, a, b, begins)
        elif kind == _BLOCK_GROUP:
            for each, c, d in pieces.within(a, b):
                if each == _BLOCK:
                    yield from _block(pieces.data, c, d, begins)


def _block(data: bytes, start: int, end: int, begins: int) -> Iterator[tuple[int, int]]:
    after, number = _size(data, start)  # written as a size is
    if number is not None and after + 2 <= end:
        yield number, begins + int.from_bytes(data[after : after + 2], "big", signed=True)


class _Pieces:
    """The elements of a file, of which so many are looked at and no more, whatever holds them.

    left: how many more; at 0 nothing can be said of the file.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = _MOST_PIECES

    def within(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Identifier of each element, and where its content begins and ends; up to what is none."""
        data, end = self.data, min(end, len(self.data))
        while self.left and at < end and data[at] >= 0x10:
            self.left -= 1
            length = _identifier_bytes(data[at])
            start, size = _size(data, at + length)
            if size is None or start + size > end:
                return
            yield int.from_bytes(data[at : at + length], "big"), start, start + size
            at = start + size

    def values(self, at: int, end: int, *wanted: int) -> dict[int, bytes]:
        """The content of the wanted elements."""
        return {kind: self.data[a:b] for kind, a, b in self.within(at, end) if kind in wanted}


def _identifier_bytes(first: int) -> int:
    return 9 - first.bit_length()


def _size(data: bytes, at: int) -> tuple[int, int | None]:
    """Where an element's content begins, and its size in bytes; None where that is unknown."""
    if at >= len(data) or data[at] == 0:
        return at, None
    length = 9 - data[at].bit_length()  # the leading zero bits say how many bytes follow
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(data[at : at + length], "big") & unknown
    return at + length, None if size == unknown else size


def _whole(content: bytes) -> int:
    return int.from_bytes(content, "big") if len(content) <= _LONGEST_NUMBER else 0


def _float(content: bytes) -> float | None:
    if len(content) not in (4, 8):
        return None
    (value,) = struct.unpack(">f" if len(content) == 4 else ">d", content)
    return float(value)
