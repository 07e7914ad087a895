"""The fields of a TIFF's first page (TIFF 6.0, Adobe 1992)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _COMPRESSION = 256, 257, 259
_ORIENTATION, _ROWS_PER_STRIP, _EXTRA_SAMPLES = 274, 278, 338
_COLOUR_MAP, _TILE_WIDTH, _TILE_HEIGHT = 320, 322, 323
# Where each strip or tile is, and how many bytes it has.
_PIECES = ((273, 279), (324, 325))
_BYTE, _SHORT, _LONG = 1, 3, 4
_BYTES = MappingProxyType({_SHORT: 2, _LONG: 4})
_FORMATS = MappingProxyType({_SHORT: "H", _LONG: "I"})
_SIZES = frozenset({_WIDTH, _HEIGHT, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_HEIGHT})
# None, three of CCITT's, LZW, JPEG, Deflate by its two numbers, PackBits.
_DECODED = frozenset({1, 2, 3, 4, 5, 7, 8, 32946, 32773})
_INLINE_BYTES = 4
_NONE = np.zeros(0, np.uint32)
_ASSOCIATED, _UNASSOCIATED = 1, 2


@dataclass(frozen=True, slots=True)
class Pieces:
    """The strips or tiles of a picture: how many, and width and height of all of them together.

    Tiles are decoded whole, however little of them the picture shows.
    """

    count: int
    width: int
    height: int


def size(data: bytes) -> tuple[int, int]:
    """Width and height, 0 where they are not told. Raises struct.error for a part of a header."""
    found = _numbers(data)
    return found.get(_WIDTH, 0), found.get(_HEIGHT, 0)


def read_pieces(data: bytes) -> Pieces | None:
    """How the picture is divided; None where that is not told in the numbers of TIFF 6.0, which
    are not the only ones that libtiff reads. Raises struct.error for a part of a header.
    """
    found = _numbers(data)
    width, height = found.get(_WIDTH, 0), found.get(_HEIGHT, 0)
    if _TILE_WIDTH in found or _TILE_HEIGHT in found:
        across, down = found.get(_TILE_WIDTH, 0), found.get(_TILE_HEIGHT, 0)
    else:
        across, down = width, min(found.get(_ROWS_PER_STRIP, height), height)
    if not across or not down:
        return None
    columns, rows = -(-width // across), -(-height // down)
    tall = rows * down if _TILE_HEIGHT in found else height
    return Pieces(columns * rows, columns * across, tall)


def is_compressed_otherwise(data: bytes) -> bool:
    """Tell whether the picture is compressed in a way that is not known to be decoded here.

    libtiff leaves all of it black, of JPEG 2000 say, and says that all is well. Raises struct.error
    for a part of a header.
    """
    for tag, kind, count, at in _fields(data):
        if tag == _COMPRESSION:
            # One number or, as older programs had it, one for each sample.
            known = kind in (_BYTE, _SHORT, _LONG) and count > 0
            values = _values(data, kind, count, at) if known else None
            return values is None or int(values[0]) not in _DECODED
    return False


def ends_early(data: bytes) -> bool:
    """Tell whether a part of the picture, or of its colours, lies beyond the file's end.

    Decoders leave such parts black, and say that all is well.
    """
    pieces: dict[int, NDArray[np.unsignedinteger]] = {}
    listed = {_COLOUR_MAP, *chain(*_PIECES)}
    for tag, kind, count, at in _fields(data):
        if tag in listed and kind in _BYTES:
            values = _values(data, kind, count, at)
            if values is None:
                return True
            pieces[tag] = values
    for places, sizes in _PIECES:
        starts, lengths = pieces.get(places, _NONE), pieces.get(sizes, _NONE)
        if len(starts) == 1:  # libtiff reads a wrong size as it must be, and says what is missing
            continue
        known = min(len(starts), len(lengths))
        ends = starts[:known].astype(np.int64) + lengths[:known]
        if (ends > len(data)).any() or (starts > len(data)).any():
            return True
    return False


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


def _numbers(data: bytes) -> dict[int, int]:
    """The sizes of the picture and of its pieces, by tag; 0 for what is not one number of
    SHORT or LONG.
    """
    order = _order(data)
    found: dict[int, int] = {}
    for tag, kind, count, at in _fields(data):
        if tag in _SIZES:
            found[tag] = 0
            if kind in _BYTES and count == 1:
                (found[tag],) = struct.unpack_from(order + _FORMATS[kind], data, at)
    return found


def _values(data: bytes, kind: int, count: int, at: int) -> NDArray[np.unsignedinteger] | None:
    """The values of a field; None where they are not all there."""
    order, size = _order(data), _BYTES.get(kind, 1)
    if count * size > _INLINE_BYTES:
        (at,) = struct.unpack_from(order + "I", data, at)
    if at + count * size > len(data):
        return None
    return np.frombuffer(data, f"{order}u{size}", count, at)


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
