"""Pictures and clips to measure with: scikit-image's astronaut, one real face."""

import cv2
import numpy as np
from skimage import data

from tests.media_files import Pixels, clip, encode, moving

FACE = (slice(0, 256), slice(96, 352))


def astronaut() -> Pixels:
    """uint8 RGB (512, 512, 3)."""
    return np.array(data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]


def jpeg(width: int = 640, height: int = 480, faces: int = 1) -> bytes:
    """A JPEG of quality 85 with a number of faces side by side, none enlarged."""
    return encode(crowd(width, height, faces), quality=85)


def crowd(width: int, height: int, faces: int) -> Pixels:
    """A grey picture with a number of faces in a row across it."""
    picture = np.full((height, width, 3), 90, np.uint8)
    if not faces:
        return picture
    side = min(width // faces, height, 512)
    face = np.asarray(cv2.resize(astronaut()[FACE], (side, side), interpolation=cv2.INTER_AREA))
    top = (height - side) // 2
    for number in range(faces):
        left = (2 * number + 1) * width // (2 * faces) - side // 2
        picture[top : top + side, left : left + side] = face
    return picture


def film(
    seconds: float, width: int = 640, height: int = 480, faces: int = 1, *, rate: int = 25
) -> bytes:
    """An H.264 clip of `rate` frames a second in which the picture pans back and forth."""
    still = crowd(width, height, faces)
    turn = moving(still, 13, 2)
    there_and_back = [*turn, *turn[-2:0:-1]]
    count = max(2, round(rate * seconds))
    frames = [there_and_back[i % len(there_and_back)] for i in range(count)]
    return clip(frames, times_ms=[round(1000 * i / rate) for i in range(count)])


def crops(count: int, size: int) -> Pixels:
    """Face crops, uint8 (count, size, size, 3), each a little different."""
    face = np.asarray(cv2.resize(astronaut()[FACE], (size, size), interpolation=cv2.INTER_AREA))
    return np.stack([np.roll(face, 3 * number, axis=1) for number in range(count)])
