"""How the frames of a clip are shown: their size, the shape of their pixels, and which way up."""

import struct
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from numpy.typing import NDArray

# Anamorphic film has 2:1; what goes far beyond is nonsense, or meant to do harm.
_LONGEST_PIXEL = 4.0
# Matrices are rounded: a turn that is so little off a quarter is one.
_SKEW = 0.02


def _unnamed(kind: type[SideData], value: int) -> SideData:
    """A kind of data beside a frame that FFmpeg knows and PyAV has no name for, such as EXIF."""
    made = object.__new__(kind)
    made._name_, made._value_ = f"UNNAMED_{value}", value  # type: ignore[assignment]
    return made


# Without it one such piece keeps all others of its frame from being read.
SideData._missing_ = classmethod(_unnamed)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Stretch:
    """By how much stored frames must be enlarged until their pixels are square, as shown."""

    across: float = 1.0
    down: float = 1.0

    @classmethod
    def of(cls, aspect: float) -> "Stretch":
        """What makes pixels square that are `aspect` times as wide as high."""
        if not 1 / _LONGEST_PIXEL <= aspect <= _LONGEST_PIXEL:
            return cls()
        # Nothing is shrunk: faces would lose what they are judged by.
        return cls(max(aspect, 1.0), max(1 / aspect, 1.0))

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame, uint8 (H, W, 3), with square pixels."""
        if self.across == self.down:
            return pixels
        size = self.size(pixels.shape[1], pixels.shape[0])
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a frame with square pixels."""
        return round(width * self.across), round(height * self.down)


@dataclass(frozen=True, slots=True)
class Display:
    """How one frame is shown, and with it all of its clip.

    width, height: as it is stored, in pixels.
    matrix: turns and mirrors it, see `placed`; None where it is upright.
    """

    width: int
    height: int
    matrix: bytes | None

    @classmethod
    def of(cls, frame: av.VideoFrame, codec: str) -> "Display":
        """Read what a frame says of itself that was decoded by a codec of FFmpeg's, by its name."""
        # PyAV frees what a decoder notes beside side data, and so does FFmpeg. That of PNG notes
        # the name of a colour profile, and memory freed twice ends the worker, in a later job.
        if codec == "png":
            return cls(frame.width, frame.height, None)
        # PyAV's types know of one kind of side data only.
        beside: Any = frame.side_data
        matrix = beside.get(SideData.DISPLAYMATRIX)
        return cls(frame.width, frame.height, None if matrix is None else bytes(matrix))


def placed(pixels: NDArray[np.uint8], matrix: bytes) -> NDArray[np.uint8]:
    """A frame, uint8 (H, W, 3), turned and mirrored as a display matrix has it.

    matrix: of FFmpeg's `libavutil/display.h`, nine int32. Only quarter turns and mirroring are
        heeded, as by most players.
    """
    across, across_down, _, down_across, down, *_ = struct.unpack("=9i", matrix)
    straight, lying = abs(across) + abs(down), abs(across_down) + abs(down_across)
    if max(straight, lying) * _SKEW < min(straight, lying) or not straight + lying:
        return pixels
    if lying > straight:
        pixels, across, down = pixels.transpose(1, 0, 2), down_across, across_down
    turned = pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
    return np.ascontiguousarray(turned)
