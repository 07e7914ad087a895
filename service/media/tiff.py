"""The fields of a TIFF's first page (TIFF 6.0, Adobe 1992)."""

import struct
from collections.abc import Iterator

_WIDTH, _HEIGHT, _ORIENTATION, _TILE_WIDTH, _EXTRA_SAMPLES = 256, 257, 274, 322, 338
_SHORT, _LONG = 3, 4
_ASSOCIATED, _UNASSOCIATED = 1, 2


def size(data: bytes) -> tuple[int, int]:
    """Width and height, 0 where they are not told. Raises struct.error for a part of a header."""
    order = _order(data)
    found: dict[int, int] = {}
    for tag, kind, _, at in _fields(data):
        if tag in (_WIDTH, _HEIGHT) and kind in (_SHORT, _LONG):
            (found[tag],) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), data, at)
    return found.get(_WIDTH, 0), found.get(_HEIGHT, 0)


def with_colours_as_stored(data: bytes) -> bytes:
    """The same picture, whose transparency, if it is the only extra sample, is said to be in its
    colours already: libtiff would multiply it into them, and so blacken what it hides.
    """
    order = _order(data)
    for tag, kind, count, at in _fields(data):
        if (tag, kind, count) == (_EXTRA_SAMPLES, _SHORT, 1):
            (meaning,) = struct.unpack_from(order + "H", data, at)
            if meaning == _UNASSOCIATED:
                return data[:at] + struct.pack(order + "H", _ASSOCIATED) + data[at + 2 :]
    return data


def said_upright(data: bytes) -> tuple[bytes, int]:
    """The same picture, said to be upright if it is stored in tiles, and how it is to be turned
    then, 1 to 8 as in EXIF: libtiff would mirror each tile by itself.
    """
    order, place, orientation, tiled = _order(data), 0, 1, False
    for tag, kind, _, at in _fields(data):
        tiled = tiled or tag == _TILE_WIDTH
        if (tag, kind) == (_ORIENTATION, _SHORT):
            place, (orientation,) = at, struct.unpack_from(order + "H", data, at)
    if not tiled or not 1 < orientation <= 8:
        return data, 1
    return data[:place] + struct.pack(order + "H", 1) + data[place + 2 :], orientation


def _order(data: bytes) -> str:
    return "<" if data[:2] == b"II" else ">"


def _fields(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Tag, kind, count, and where the value or its place is, of each field.

    Of several with one tag libtiff reads the first, and so only that is given.
    """
    order = _order(data)
    seen: set[int] = set()
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI4x", data, entry)
        if tag not in seen:
            seen.add(tag)
            yield tag, kind, values, entry + 8
