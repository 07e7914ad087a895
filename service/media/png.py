"""The chunks that PNGs are made of."""

import struct
from collections.abc import Iterator

_HEADER, _END = 8, b"IEND\xaeB`\x82"
_FRAME_CONTROL, _DELAY_AT = 26, 20
_ANIMATION_CONTROL, _CHECKSUM = 8, 4
_OF_ANIMATIONS = frozenset({b"acTL", b"fcTL", b"fdAT"})
# Words and profiles of colours that are packed: nothing here looks at them, but decoders unpack all
# of them, 8 KiB to 8 MB, whatever the picture's own size.
_PACKED = frozenset({b"iCCP", b"iTXt", b"zTXt"})
# Hostile files hold chunks of a few bytes; what comes after so many is not looked at.
_MOST_CHUNKS = 1_000_000


def chunks(data: bytes, most: int = _MOST_CHUNKS) -> Iterator[tuple[bytes, int]]:
    """Kind of each complete chunk of a PNG, at most so many, and where it ends."""
    at = _HEADER
    for _ in range(most):
        if at + 12 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        if at + 12 + size > len(data):
            return
        kind, at = data[at + 4 : at + 8], at + 12 + size
        yield kind, at


def reaches_end(data: bytes) -> bool:
    """Whether the last chunk is there, whatever may follow it."""
    return data.endswith(_END) or any(kind == b"IEND" for kind, _ in chunks(data))


def announces_frames(data: bytes, end: int) -> bool:
    """Whether the chunk that ends there is an acTL of its proper length, and counts any frames."""
    content = end - _CHECKSUM - _ANIMATION_CONTROL
    return data[content - 4 : content] == b"acTL" and data[content : content + 4] != bytes(4)


def lacks_frames(data: bytes, most: int) -> bool:
    """Whether it ends, within so many chunks, without a frame of an animation."""
    kinds = (kind for kind, _ in chunks(data, most))
    return next((kind for kind in kinds if kind in (b"fcTL", b"IEND")), b"") == b"IEND"


def still(data: bytes) -> bytes:
    """The same picture without what is packed beside it, and without what belongs to animations:
    OpenCV would show black, or nothing.
    """
    left_out = _PACKED | _OF_ANIMATIONS if b"acTL" in data else _PACKED
    if not any(kind in data for kind in left_out):
        return data
    kept, done = [data[:_HEADER]], _HEADER
    for kind, end in chunks(data):
        if kind not in left_out:
            kept.append(data[done:end])
        done = end
        if kind == b"IEND":
            break
    return b"".join(kept)


def delays_s(data: bytes) -> list[float]:
    """How long each frame of an animated PNG is shown, in seconds, as far as the file is whole.

    0 where a viewer may choose. See "fcTL" in the PNG specification, third edition, section 11.3.
    """
    delays: list[float] = []
    for kind, end in chunks(data):
        if kind == b"fcTL" and end >= _HEADER + _FRAME_CONTROL + 12:
            over, under = struct.unpack_from(">HH", data, end - 4 - _FRAME_CONTROL + _DELAY_AT)
            delays.append(over / (under or 100))
    return delays


def whole_frames(data: bytes) -> bytes:
    """An animated PNG of complete chunks only, without those that are packed: at others FFmpeg 8.0
    reads where it must not, dies.

    Of one that ends early, the frame that it ends in is left out, since FFmpeg would fill in the
    rest of it; only what follows a frame's chunks tells that there are no more of them.
    """
    kept, done, frame = [data[:_HEADER]], _HEADER, 0
    for kind, end in chunks(data):
        if kind == b"IEND":
            break
        if kind == b"fcTL" or (kind == b"IDAT" and not frame):
            frame = len(kept)
        if kind not in _PACKED:
            kept.append(data[done:end])
        done = end
    else:
        kept = kept[: frame or None]
    return b"".join([*kept, bytes(4), _END])
