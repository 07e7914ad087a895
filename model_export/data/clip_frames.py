"""Frames of a clip by their index, whatever its file is called."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import UnmaskError
from service.media.container import Container
from service.media.sniff import sniff


def frame_count(path: Path) -> int:
    """How many frames a clip says it has. Raises ValueError when that is none, OSError."""
    with _open(path) as container:
        count = container.frames_stated
    if count <= 0:
        raise ValueError(f"no frame of {path} can be read")
    return count


def frames_at(path: Path, indices: Collection[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(index, uint8 RGB (H, W, 3)) of the wanted frames, rising, without those that cannot be read.

    What a decoder makes up where bytes are damaged is not read either: it looks manipulated.

    Raises ValueError when the file holds no video, OSError when it cannot be read.
    """
    with _open(path) as container:
        for index in range(max(indices, default=-1) + 1):
            if not container.grab():
                break
            if index in indices:
                pixels = None if container.damaged else container.pixels()
                if pixels is not None:
                    yield index, pixels


def _open(path: Path) -> Container:
    data = path.read_bytes()
    try:
        return Container(sniff(data).name, data)
    except (UnmaskError, KeyError) as error:  # a picture is no container
        raise ValueError(f"no frame of {path} can be read") from error
