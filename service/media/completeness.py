"""Whether the bytes of a clip end before its container says they should."""

import struct

from service.media import matroska
from service.media.boxes import boxes
from service.media.gif import reaches_trailer
from service.media.png import reaches_end

# What MP4 and QuickTime files are made of; any four letters after the last one look like a box.
_TOP_BOXES = frozenset(
    b"ftyp styp moov moof mdat mfra sidx ssix emsg prft meta udta uuid free skip wide pnot".split()
)


def ends_early(name: str, data: bytes) -> bool:
    """Tell whether a clip was cut off, from the sizes its container states.

    name: a format of `sniff`. False where the container states none, as live recordings. What
    follows a whole clip is untidy, but does not cut it off.
    """
    if name == "avi":
        return len(data) < 12 or _riff_end(data) > len(data)
    if name in ("mp4", "mov"):
        return any(box.end > len(data) and box.kind in _TOP_BOXES for box in boxes(data))
    if name in ("webm", "mkv"):
        return matroska.segment(data)[1] > len(data)
    if name == "gif":
        return not data.endswith(b"\x00\x3b") and not reaches_trailer(data)
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
