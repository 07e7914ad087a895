"""TIFFs of grey whose pieces all lie at the same place of the file."""

import struct
from typing import Literal

_LONG = 4
_TILE_WIDTH, _TILE_HEIGHT, _ROWS = 322, 323, 278
_PLACES = {"tiles": (324, 325), "strips": (273, 279)}
JPEG, DEFLATE = 7, 8


def of_pieces(
    size: tuple[int, int],
    piece: tuple[int, int],
    content: bytes,
    compression: int = DEFLATE,
    layout: Literal["tiles", "strips"] = "tiles",
) -> bytes:
    """A TIFF whose pieces are all one content.

    size, piece: width and height of the picture, and of a tile; of strips the height counts.
    """
    width, height = size
    across = -(-width // piece[0]) if layout == "tiles" else 1
    count = across * -(-height // piece[1])
    places, lengths = _PLACES[layout]
    fields = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 277: 1}
    fields |= (
        {_TILE_WIDTH: piece[0], _TILE_HEIGHT: piece[1]} if layout == "tiles" else {_ROWS: piece[1]}
    )
    lists = 8 + 2 + 12 * (len(fields) + 2) + 4
    start = lists + 8 * count if count > 1 else lists
    fields[places], fields[lengths] = start, len(content)
    if count > 1:
        fields[places], fields[lengths] = lists, lists + 4 * count
    listed = [
        struct.pack("<HHII", tag, _LONG, count if tag in (places, lengths) else 1, value)
        for tag, value in sorted(fields.items())
    ]
    header = b"II*\0" + struct.pack("<IH", 8, len(fields)) + b"".join(listed) + bytes(4)
    each = struct.pack("<I", start) * count + struct.pack("<I", len(content)) * count
    return header + (each if count > 1 else b"") + content
