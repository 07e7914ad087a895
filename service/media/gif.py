"""The pieces of a GIF (GIF89a specification, W3C 1990)."""

from collections.abc import Iterator

_HEAD_BYTES = 13
_TRAILER, _IMAGE, _EXTENSION, _CONTROL = 0x3B, 0x2C, 0x21, 0xF9
_NO_DELAY = bytes((_EXTENSION, _CONTROL, 4, 0, 0, 0, 0, 0))
_DELAY_AT, _SHORTEST, _INSTEAD = 4, bytes((1, 0)), bytes((10, 0))
# Hostile files hold pieces of a few bytes; of one with more than this nothing is said.
_MOST_PIECES = 1_000_000
_UNSEEN = -1


def reaches_trailer(data: bytes) -> bool:
    """Tell whether a file goes on to the piece that ends it."""
    last = None
    for at in _pieces(data):
        last = at
    return last is not None and (last == _UNSEEN or data[last : last + 1] == bytes((_TRAILER,)))


def whole_images(data: bytes) -> bytes:
    """The same file up to its last image and a trailer, or without an image that it ends in.

    FFmpeg would go on behind the trailer, where no viewer looks, and fill in the rest of the image.
    What an extension says behind the last image would count for a frame that cannot be decoded.
    """
    before = last = _UNSEEN
    images_end = 0
    for at in _pieces(data):
        if data[last : last + 1] == bytes((_IMAGE,)):
            images_end = at
        before, last = last, at
    if last != _UNSEEN and last < len(data) == last + data.count(0, last):
        # Never received whole, but of its full length: the first nought seems to end the image.
        last = before
    if last == _UNSEEN:
        return data
    kind = data[last : last + 1]
    if kind == bytes((_TRAILER,)):
        return data[: images_end or last] + kind
    return data[:last] if kind == bytes((_IMAGE,)) else data


def with_controls(data: bytes) -> bytes:
    """The same file with a graphic control extension before every image, as most have.

    FFmpeg takes all images up to the next of these for one, and shows the first of them alone.
    It would show those that ask for a hundredth of a second for that long; browsers show these, as
    those that ask for none, for a tenth.
    """
    kept, done, controlled = [], 0, False
    for at in _pieces(data):
        if at in (_UNSEEN, len(data)):
            break
        if data[at] == _EXTENSION:
            control = data[at + 1 : at + 2] == bytes((_CONTROL,))
            controlled = controlled or control
            delay = at + _DELAY_AT
            if control and data[delay : delay + len(_SHORTEST)] == _SHORTEST:
                kept += [data[done:delay], _INSTEAD]
                done = delay + len(_SHORTEST)
        elif data[at] == _IMAGE:
            if not controlled:
                kept += [data[done:at], _NO_DELAY]
                done = at
            controlled = False
    return b"".join([*kept, data[done:]]) if kept else data


def _pieces(data: bytes) -> Iterator[int]:
    """Where each piece begins, as far as they follow one another; the trailer ends them.

    Where a file ends with a piece that is whole and no trailer, its length comes last.
    """
    if len(data) < _HEAD_BYTES:
        return
    at, in_blocks = _HEAD_BYTES + _table_bytes(data[10]), False
    for _ in range(_MOST_PIECES):
        if at >= len(data):
            if at == len(data) and not in_blocks:
                yield at
            return
        kind = data[at]
        if in_blocks:
            at += 1 + kind
            in_blocks = kind > 0
            continue
        yield at
        if kind == _IMAGE and at + 9 < len(data):
            at, in_blocks = at + 11 + _table_bytes(data[at + 9]), True
        elif kind == _EXTENSION:
            at, in_blocks = at + 2, True
        else:
            return
    yield _UNSEEN


def _table_bytes(flags: int) -> int:
    """Size of a colour table, from the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
