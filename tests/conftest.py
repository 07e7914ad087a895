"""What every part of the tests starts from: a real face."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from tests.media_files import encode


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """Eileen Collins, NASA, public domain: uint8 RGB (512, 512, 3), one face 88 pixels wide."""
    pixels = np.array(data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: NDArray[np.uint8]) -> bytes:
    """The astronaut as a JPEG of quality 92."""
    return encode(astronaut)
