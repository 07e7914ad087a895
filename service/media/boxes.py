"""The boxes that MP4 and QuickTime files are made of."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Hostile files hold boxes of a few bytes; what comes after so many is not looked at.
_MOST_BOXES = 1_000_000
_FULL_BOX = 4  # version and flags


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies: its content from `start` to `end`, which may lie beyond the data."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes in a part of the data, by default the whole, as far as they make sense."""
    at, end = start, len(data) if end is None else min(end, len(data))
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        (size,) = struct.unpack_from(">I", data, at)
        header = 8
        if size == 1 and at + 16 <= end:  # 1 announces a 64-bit size
            (size,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        kind = data[at + 4 : at + 8]
        if size < header:  # 0 is "to the end of the file"; less is nonsense
            yield Box(kind, at + header, end)
            return
        yield Box(kind, at + header, at + size)
        at += size


@dataclass(frozen=True, slots=True)
class Edits:
    """What a file says it shows of its first video track: how many parts, seconds in all."""

    parts: int
    seconds: float


def read_edits(data: bytes) -> Edits | None:
    """The edit list of the first video track; None where there is none, or no sense in it.

    A clip that was trimmed without being encoded again begins with frames, back to a key frame,
    that are decoded but never shown. Not every decoder goes by it, and a file may say anything:
    it is a reason to look, no more.
    """
    try:
        return _read_edits(data)
    except (struct.error, IndexError):
        return None


def _read_edits(data: bytes) -> Edits | None:
    movie = _inside(data, Box(b"", 0, len(data)), b"moov")
    header = movie and _inside(data, movie, b"mvhd")
    if movie is None or header is None:
        return None
    later = data[header.start] == 1  # version 1 has times of 64 bits
    (scale,) = struct.unpack_from(">I", data, header.start + _FULL_BOX + (16 if later else 8))
    for track in boxes(data, movie.start, movie.end):
        handler = _inside(data, track, b"mdia", b"hdlr") if track.kind == b"trak" else None
        if handler and data[handler.start + 8 : handler.start + 12] == b"vide":
            edits = _inside(data, track, b"edts", b"elst")
            shown = _edits(data, edits) if edits else []
            return Edits(len(shown), sum(shown) / scale) if shown and sum(shown) and scale else None
    return None


def _edits(data: bytes, box: Box) -> list[int]:
    """Lengths of the parts that show something, of the first few, in the movie's time units."""
    later = data[box.start] == 1
    (count,) = struct.unpack_from(">I", data, box.start + _FULL_BOX)
    layout = struct.Struct(">Qqi" if later else ">Iii")
    at = box.start + _FULL_BOX + 4
    entries = [layout.unpack_from(data, at + layout.size * i) for i in range(min(count, 8))]
    return [length for length, media_time, _ in entries if media_time >= 0]


def _inside(data: bytes, outer: Box, *path: bytes) -> Box | None:
    """The first box on a path of kinds."""
    found: Box | None = outer
    for kind in path:
        if found is None:
            return None
        inner = boxes(data, found.start, found.end)
        found = next((box for box in inner if box.kind == kind), None)
    return found
