"""Whether the bytes of a clip end before its container says they should."""

import struct

_MATROSKA_SEGMENT = b"\x18\x53\x80\x67"
# How far into the file the segment may begin: only the short EBML header comes before it.
_SEGMENT_WITHIN = 256


def ends_early(name: str, data: bytes) -> bool:
    """Tell whether a clip was cut off, from the sizes its container states.

    name: a format of `sniff`. False where the container states none, as live recordings.
    """
    if name == "avi":
        return len(data) < 12 or _riff_end(data) > len(data)
    if name in ("mp4", "mov"):
        return _boxes_end(data) > len(data)
    if name in ("webm", "mkv"):
        return _segment_end(data) > len(data)
    return False


def _riff_end(data: bytes) -> int:
    (size,) = struct.unpack_from("<I", data, 4)
    return int(size) + 8


def _boxes_end(data: bytes) -> int:
    at = 0
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if size == 1 and at + 16 <= len(data):  # 1 announces a 64-bit size
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8:  # 0 is "to the end of the file"; less is nonsense
            return len(data)
        at += size
    # Some bytes that are no box may follow the last one; that is untidy, not cut off.
    return at


def _segment_end(data: bytes) -> int:
    at = data.find(_MATROSKA_SEGMENT, 0, _SEGMENT_WITHIN) + len(_MATROSKA_SEGMENT)
    if at < len(_MATROSKA_SEGMENT) or at >= len(data) or data[at] == 0:
        return len(data)
    length = 9 - data[at].bit_length()  # the leading zero bits say how many bytes follow
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(data[at : at + length], "big") & unknown
    return len(data) if size == unknown else at + length + size
