"""Width and height of a picture from its header, before anything is allocated for its pixels."""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from service.errors import MediaCorruptError
from service.media import tiff

# JPEG frame headers: SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC).
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_START_OF_SCAN, _JPEG_END = 0xDA, 0xD9


def picture_size(name: str, data: bytes) -> tuple[int, int]:
    """Read the stored size of a picture, in pixels, as (width, height).

    name: a format of `sniff`, one of those in the picture or animation family.
    The size is the stored one: EXIF orientation may swap it later.
    Raises MediaCorruptError where the header is incomplete, or gives no size.
    """
    try:
        width, height = _READERS[name](data)
    except (struct.error, IndexError) as error:
        raise MediaCorruptError("The picture's header is incomplete") from error
    if width <= 0 or height <= 0:
        raise MediaCorruptError("The picture's header gives no size")
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise MediaCorruptError("The picture's header is damaged")
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may precede a marker
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        elif marker in (_JPEG_START_OF_SCAN, _JPEG_END):
            raise MediaCorruptError("The picture's header gives no size")
        elif marker in _JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + max(length, 2)


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise MediaCorruptError("The picture's header is damaged")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size == 12:  # OS/2 bitmaps store 16-bit sizes
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # a negative height stores rows from the top


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = 1 + int.from_bytes(_exactly(data, 24, 3), "little")
        height = 1 + int.from_bytes(_exactly(data, 27, 3), "little")
    elif chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif chunk == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, 26))
    else:
        raise MediaCorruptError("The picture's header is damaged")
    return width, height


def _exactly(data: bytes, at: int, length: int) -> bytes:
    part = data[at : at + length]
    if len(part) != length:
        raise IndexError(at)
    return part


_READERS: Mapping[str, Callable[[bytes], tuple[int, int]]] = MappingProxyType(
    {"jpeg": _jpeg, "png": _png, "gif": _gif, "bmp": _bmp, "webp": _webp, "tiff": tiff.size}
)
