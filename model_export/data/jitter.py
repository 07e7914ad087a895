"""Small random movements of a crop that is already cut."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.rng import Rng, between
from model_export.data.view import draw_linear
from model_export.data.warp import Picture, warp


def draw_jitter(rng: Rng, side: int) -> NDArray[np.float64]:
    """Mirror, zoom, turn and shift of a crop of `side` pixels: float64 (2, 3) for `warp`."""
    linear = draw_linear(between(rng, 0.9, 1.12), np.deg2rad(rng.normal(0, 5)), rng)
    centre = np.full(2, (side - 1) / 2)
    return np.asarray(
        np.c_[linear, centre + rng.uniform(-0.05, 0.05, 2) * side - linear @ centre], np.float64
    )


def moved(picture: Picture, matrix: NDArray[np.float64]) -> Picture:
    """The picture after a movement, at its own size."""
    return warp(picture, matrix, picture.shape[0], picture.shape[1])


def to_side(picture: Picture, side: int) -> Picture:
    """The picture at side x side, after degradation changed its size."""
    if picture.shape[:2] == (side, side):
        return picture
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
