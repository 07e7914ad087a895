"""Width and height of a picture from its header, before anything is allocated for its pixels."""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from service.errors import MediaCorruptError
from service.media import bmp, jpeg, tiff


def picture_size(name: str, data: bytes) -> tuple[int, int]:
    """Read the stored size of a picture, in pixels, as (width, height).

    name: a format of `sniff` in the picture family, or "webp".
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


def _png(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise MediaCorruptError("The picture's header is damaged")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = 1 + _three_bytes(data, 24), 1 + _three_bytes(data, 27)
    elif chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif chunk == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, 26))
    else:
        raise MediaCorruptError("The picture's header is damaged")
    return width, height


def _three_bytes(data: bytes, at: int) -> int:
    low, high = struct.unpack_from("<HB", data, at)
    return int(low | high << 16)


_READERS: Mapping[str, Callable[[bytes], tuple[int, int]]] = MappingProxyType(
    {"jpeg": jpeg.size, "png": _png, "bmp": bmp.size, "webp": _webp, "tiff": tiff.size}
)
