"""Pictures as files, whatever they are called.

OpenCV ends the process at a name that is not UTF-8, which disks of other systems are full of: it
is given bytes, never names.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.files import naming
from service.faces.crop import Box

Pixels = NDArray[np.uint8]
COUNTS_FROM = 128
"""Grey level from which a pixel of a true mask is manipulated."""


def read_picture(path: Path) -> Pixels:
    """A picture, uint8 RGB (H, W, 3), upright. Raises ValueError when it cannot be read."""
    return np.asarray(_read(path, cv2.IMREAD_COLOR_RGB, "picture"), np.uint8)


def read_mask(path: Path) -> Pixels:
    """A mask, uint8 (H, W), 255 = manipulated; one of 16 bits has the upper eight.

    Raises ValueError when it cannot be read, or is not black but has no pixel that counts.
    """
    # Without its depth one of 16 bits that goes up to 255 would be black.
    stored = _read(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH, "mask")
    deep = stored.dtype == np.uint16
    mask = np.asarray(stored >> 8 if deep else stored, np.uint8)
    if stored.any() and mask.max() < COUNTS_FROM:
        raise ValueError(
            f"the mask {path} goes up to {stored.max()}: manipulated is {65535 if deep else 255} "
            "(white), all else is 0 (black)"
        )
    return mask


def write_picture(path: Path, picture: Pixels) -> None:
    """Write uint8 RGB (H, W, 3) or grey (H, W) in the format of the path's ending.

    Raises OSError when it cannot be written.
    """
    shown = picture if picture.ndim == 2 else picture[..., ::-1]
    _, data = cv2.imencode(path.suffix, shown)
    with naming(path):
        path.write_bytes(data.tobytes())


def holder(mask: Pixels, boxes: Sequence[Box]) -> int | None:
    """Which of the boxes of faces holds most of a mask; None where none holds any.

    The box of a large face may take in a small one beside it: the small one is meant then.
    """
    held = [tenths_held(mask, box) for box in boxes]
    most = max(held, default=0)
    alike = [place for place, tenths in enumerate(held) if tenths == most > 0]
    return min(alike, key=lambda place: boxes[place].height, default=None)


def tenths_held(mask: Pixels, box: Box) -> int:
    """How much of a mask lies in a box, 0 to 10: boxes are not more exact than that."""
    left, top = max(round(box.x), 0), max(round(box.y), 0)
    right, bottom = max(round(box.x + box.width), 0), max(round(box.y + box.height), 0)
    there = mask >= COUNTS_FROM
    inside = int(np.count_nonzero(there[top:bottom, left:right]))
    return round(10 * inside / max(int(np.count_nonzero(there)), 1))


def _read(path: Path, flags: int, what: str) -> NDArray[np.unsignedinteger]:
    try:
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags)
    except OSError as error:
        raise ValueError(f"cannot read the {what} {path}: {error.strerror}") from error
    except cv2.error as error:  # an empty file, or more pixels than OpenCV reads
        raise ValueError(f"cannot read the {what} {path}") from error
    if pixels is None or pixels.dtype.kind != "u":
        raise ValueError(f"cannot read the {what} {path}")
    return np.asarray(pixels)
