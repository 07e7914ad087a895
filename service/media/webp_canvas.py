"""The canvas on which the frames of an animated WebP are drawn, one after the other."""

import struct
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.media.headers import picture_size
from service.media.webp import CHUNK_HEADER, chunks

_FRAME_HEADER = 16
_DISPOSE, _OVERWRITE = 0x01, 0x02
_HAS_ALPHA = 0x10
# A frame is one of two, and perhaps some that nobody knows.
_MOST_CHUNKS = 64
_UNDECODABLE = "The animation cannot be decoded"


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame as stored: a picture, where it lies on the canvas, and how it is drawn.

    left, top, width, height: pixels. duration_ms: as stored. disposes: it leaves its place
    transparent. overwrites: it hides what is below where it is transparent. start, end: where in
    the file its picture's chunks are.
    """

    left: int
    top: int
    width: int
    height: int
    duration_ms: int
    disposes: bool
    overwrites: bool
    start: int
    end: int

    @classmethod
    def read(cls, data: bytes, start: int, end: int) -> "Piece":
        """Read the content of an ANMF chunk. MediaCorruptError where it is too short."""
        if end - start < _FRAME_HEADER:
            raise MediaCorruptError(_UNDECODABLE)
        left, top, width, height, duration_ms = (
            int.from_bytes(data[at : at + 3], "little") for at in range(start, start + 15, 3)
        )
        flags = data[start + 15]
        return cls(
            2 * left,
            2 * top,
            width + 1,
            height + 1,
            duration_ms,
            bool(flags & _DISPOSE),
            bool(flags & _OVERWRITE),
            start + _FRAME_HEADER,
            end,
        )


class Canvas:
    """What an animation shows. Memory: three times its size in BGRA at most."""

    def __init__(self, data: bytes, width: int, height: int) -> None:
        self._data = data
        self._size = (width, height)
        self._bgra = np.zeros((height, width, 4), np.uint8)
        self._leaves: tuple[slice, slice] | None = None
        self._bare = True

    def covered_by(self, piece: Piece) -> bool:
        """Whether nothing that was drawn before a piece can be seen once it is drawn."""
        opaque = self._data[piece.start : piece.start + 4] == b"VP8 "
        return self._whole(piece) and (piece.overwrites or opaque)

    def _whole(self, piece: Piece) -> bool:
        return (piece.left, piece.top, piece.width, piece.height) == (0, 0, *self._size)

    def draw(self, piece: Piece) -> None:
        """Draw the next frame. MediaCorruptError where it cannot be decoded."""
        right, bottom = piece.left + piece.width, piece.top + piece.height
        if right > self._size[0] or bottom > self._size[1]:
            raise MediaCorruptError(_UNDECODABLE)
        place = (slice(piece.top, bottom), slice(piece.left, right))
        drawn = self._decode(piece)
        if self._leaves is not None:
            self._bgra[self._leaves] = 0
        if not piece.overwrites and not self._bare:
            _blend(self._bgra[place], drawn, self._left_bare(piece))
        self._bgra[place] = drawn
        # As libwebp does: what is drawn on nothing keeps the colours of its transparent pixels.
        self._bare = piece.disposes and (self._bare or self.covered_by(piece) or self._whole(piece))
        self._leaves = place if piece.disposes else None

    def _left_bare(self, piece: Piece) -> tuple[slice, slice] | None:
        """The part of a piece's place that the frame before it has left, in its own pixels."""
        if self._leaves is None:
            return None
        rows, columns = self._leaves
        return (
            slice(max(rows.start - piece.top, 0), max(rows.stop - piece.top, 0)),
            slice(max(columns.start - piece.left, 0), max(columns.stop - piece.left, 0)),
        )

    def rgb(self) -> NDArray[np.uint8]:
        """A copy of what is shown, uint8 RGB (H, W, 3); transparency is dropped."""
        return np.ascontiguousarray(self._bgra[:, :, 2::-1])

    def _decode(self, piece: Piece) -> NDArray[np.uint8]:
        still = _still(self._data, piece)
        # The stored picture may claim another size than its frame, and then would get the memory.
        if picture_size("webp", still) != (piece.width, piece.height):
            raise MediaCorruptError(_UNDECODABLE)
        try:
            decoded = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise
            raise MediaCorruptError(_UNDECODABLE) from error
        if decoded is None or decoded.shape[:2] != (piece.height, piece.width):
            raise MediaCorruptError(_UNDECODABLE)
        if decoded.ndim != 3 or decoded.shape[2] != 4:
            decoded = cv2.cvtColor(decoded, cv2.COLOR_BGR2BGRA)
        return np.asarray(decoded, np.uint8)


def _still(data: bytes, piece: Piece) -> bytes:
    """The file that a frame's picture would be by itself."""
    held: dict[bytes, bytes] = {}
    for kind, start, end in islice(chunks(data, piece.start, piece.end), _MOST_CHUNKS):
        held.setdefault(kind, data[start - CHUNK_HEADER : end + (end - start) % 2])
    body = held.get(b"VP8L") or held.get(b"VP8 ")
    if body is None:
        raise MediaCorruptError(_UNDECODABLE)
    if b"ALPH" in held and b"VP8L" not in held:
        width, height = ((side - 1).to_bytes(3, "little") for side in (piece.width, piece.height))
        header = b"VP8X" + struct.pack("<II", 10, _HAS_ALPHA) + width + height
        body = header + held[b"ALPH"] + body
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _blend(
    below: NDArray[np.uint8], above: NDArray[np.uint8], spared: tuple[slice, slice] | None
) -> None:
    """Draw a BGRA picture over another, and change it into the result; as libwebp does, to the bit.

    spared: the part where it stays as it is.
    """
    alpha = above[:, :, 3].copy()
    if spared is not None:
        alpha[spared] = 255
    # Pixels as single numbers: picking them by four bytes each takes ten times as long.
    pixels, base = above.view(np.uint32)[:, :, 0], below.view(np.uint32)[:, :, 0]
    np.copyto(pixels, base, where=alpha == 0)
    some = (alpha > 0) & (alpha < 255)
    if not some.any():
        return
    over, under = above[some].astype(np.uint64), below[some].astype(np.uint64)
    weight = under[:, 3] * (256 - over[:, 3]) >> 8
    total = over[:, 3] + weight
    scale = (1 << 24) // total
    colours = over[:, :3] * over[:, 3:] + under[:, :3] * weight[:, None]
    mixed = np.column_stack([colours * scale[:, None] >> 24, total])
    above[some] = mixed.astype(np.uint8)
