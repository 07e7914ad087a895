"""How a hand-held camera moves, and clips of stills seen through one."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.degrade import add_noise
from model_export.data.rng import Rng, between
from model_export.data.warp import Picture, warp

_REACH = (0.03, 0.03, 4.0, 0.05)


def hand_motion(count: int, rate: int, rng: Rng) -> NDArray[np.float64]:
    """Smooth pan (2, share of the side), turn (degrees) and zoom for every frame, (count, 4)."""
    times = np.arange(count) / rate
    motion = np.zeros((count, 4))
    for column, amplitude in enumerate(_REACH):
        for _ in range(3):
            speed, phase = between(rng, 0.1, 0.8), between(rng, 0, 2 * np.pi)
            motion[:, column] += amplitude / 3 * np.sin(2 * np.pi * speed * times + phase)
    return motion


def about_centre(pose: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """The affine, float64 (2, 3), of one frame's pose as `hand_motion` gives it."""
    x, y, turn, zoom = (float(value) for value in pose)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1 + zoom)
    return np.asarray(matrix + np.array([[0, 0, x * width], [0, 0, y * height]]), np.float64)


def hand_held(
    picture: Picture, rng: Rng, *, seconds: float, rate: int, noise: float
) -> Iterator[Picture]:
    """Frames of a still seen through a hand-held camera, uint8 RGB of the still's size.

    noise: deviation of the sensor's, in grey levels; new in each frame.
    """
    height, width = picture.shape[:2]
    for pose in hand_motion(max(1, round(seconds * rate)), rate, rng):
        matrix = about_centre(pose, height, width)
        frame = warp(picture, matrix, height, width, cv2.INTER_CUBIC)
        yield add_noise(frame, noise, int(rng.integers(2**31)))
