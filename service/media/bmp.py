"""The header of a bitmap (Windows and OS/2)."""

import struct

_HEADER_SIZE, _COMPRESSION = slice(14, 18), slice(30, 34)
_OF_OS_2 = 12
_RLE8, _RLE4 = 1, 2


def size(data: bytes) -> tuple[int, int]:
    """Width and height. Raises struct.error for a part of a header."""
    if _is_of_os_2(data):
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # a negative height stores rows from the top


def is_in_runs(data: bytes) -> bool:
    """Whether its pixels are stored in runs of a colour (RLE)."""
    compression = int.from_bytes(data[_COMPRESSION], "little")
    return compression in (_RLE8, _RLE4) and not _is_of_os_2(data)


def _is_of_os_2(data: bytes) -> bool:
    """Whether it has the short header, of 16-bit sizes and no compression."""
    return int.from_bytes(data[_HEADER_SIZE], "little") == _OF_OS_2
