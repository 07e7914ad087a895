"""Whether the bytes of a clip end before its container says they should."""

import struct

from service.media import matroska
from service.media.boxes import boxes
from service.media.png import reaches_end

_GIF_TRAILER, _GIF_IMAGE, _GIF_EXTENSION = 0x3B, 0x2C, 0x21
# Hostile files hold pieces of a few bytes; of one with more than this nothing is said.
_MOST_PIECES = 1_000_000


def ends_early(name: str, data: bytes) -> bool:
    """Tell whether a clip was cut off, from the sizes its container states.

    name: a format of `sniff`. False where the container states none, as live recordings. What
    follows a whole clip is untidy, but does not cut it off.
    """
    if name == "avi":
        return len(data) < 12 or _riff_end(data) > len(data)
    if name in ("mp4", "mov"):
        return any(box.end > len(data) for box in boxes(data))
    if name in ("webm", "mkv"):
        return matroska.segment(data)[1] > len(data)
    if name == "gif":
        return not data.endswith(b"\x00\x3b") and not _gif_reaches_trailer(data)
    if name == "png":
        return not reaches_end(data)
    return False


def breaks_off(name: str, data: bytes) -> bool:
    """Tell whether a clip with less video than it states is damaged, not just of more sound.

    Files that were never received whole may have their full length, and zeros in it.
    name: a format of `sniff`.
    """
    if name in ("webm", "mkv"):
        return matroska.breaks(data)
    if name in ("mp4", "mov"):
        return any(box.kind == bytes(4) for box in boxes(data))
    return name == "avi"


def _riff_end(data: bytes) -> int:
    (size,) = struct.unpack_from("<I", data, 4)
    return int(size) + 8


def _gif_reaches_trailer(data: bytes) -> bool:
    if len(data) < 13:
        return False
    at, in_blocks = 13 + _gif_table(data[10]), False
    for _ in range(_MOST_PIECES):
        if at >= len(data):
            return False
        kind = data[at]
        if in_blocks:
            at += 1 + kind
            in_blocks = kind > 0
        elif kind == _GIF_IMAGE and at + 9 < len(data):
            at, in_blocks = at + 11 + _gif_table(data[at + 9]), True
        elif kind == _GIF_EXTENSION:
            at, in_blocks = at + 2, True
        else:
            return kind == _GIF_TRAILER
    return True


def _gif_table(flags: int) -> int:
    """Bytes of a colour table, from the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
