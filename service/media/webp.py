"""The chunks that WebPs are made of (RFC 9649)."""

import struct
from collections.abc import Iterator
from itertools import islice

CHUNK_HEADER, FILE_HEADER = 8, 12
_SIZE = 4
# As JPEGs have it before the same data.
_EXIF_NAME = b"Exif\0\0"
# A still picture has six kinds of them, and perhaps some that nobody knows.
_MOST_CHUNKS = 64


def chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each complete chunk of a part of the file, and where its content begins and ends."""
    while at + CHUNK_HEADER <= end:
        (size,) = struct.unpack_from("<I", data, at + _SIZE)
        start = at + CHUNK_HEADER
        after = start + size + size % 2
        if after > end:
            return
        yield data[at : at + 4], start, start + size
        at = after


def file_end(data: bytes) -> int:
    """Where it says that it ends, which may be beyond its end, or before it."""
    (size,) = struct.unpack_from("<I", data, _SIZE)
    return int(size) + CHUNK_HEADER


def with_bare_exif(data: bytes) -> bytes:
    """The same still picture with no name before its EXIF data: some programs write one, and OpenCV
    would not turn the picture by what follows it.
    """
    end = min(file_end(data), len(data))
    for kind, start, after in islice(chunks(data, FILE_HEADER, end), _MOST_CHUNKS):
        if kind == b"EXIF":
            named = data.startswith(_EXIF_NAME, start, after)
            return _without_name(data, start, after) if named else data
    return data


def _without_name(data: bytes, start: int, after: int) -> bytes:
    spared = len(_EXIF_NAME)
    file_size = struct.pack("<I", file_end(data) - CHUNK_HEADER - spared)
    chunk_size = struct.pack("<I", after - start - spared)
    before = data[:_SIZE] + file_size + data[CHUNK_HEADER : start - len(chunk_size)]
    return before + chunk_size + data[start + spared :]
