"""Smooth warps of a picture that follow moved points, and alignment of point sets."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

GRID = 40
"""The warp field is solved on a GRID x GRID raster and enlarged: it is smooth by nature."""


def _kernel(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(squared * np.log(squared + 1e-9))


def spline_field(source: Points, target: Points, height: int, width: int) -> NDArray[np.float32]:
    """Backward map of the thin-plate spline that carries `source` points onto `target`.

    source, target: float (K, 2), pixel coordinates x, y. Returns float32 (height, width, 2): for
    every pixel of the result, where it comes from. Bookstein, "Principal Warps", PAMI 1989; a
    little ridge keeps near-coincident points from folding the picture.
    """
    scale = float(max(height, width))
    a, b = target.astype(np.float64) / scale, source.astype(np.float64) / scale
    count = len(a)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(((a[:, None] - a[None]) ** 2).sum(-1))
    system[:count, :count] += np.eye(count) * 1e-4
    system[:count, count:] = np.c_[np.ones(count), a]
    system[count:, :count] = system[:count, count:].T
    weights = np.linalg.solve(system, np.vstack((b, np.zeros((3, 2)))))
    rows, columns = np.mgrid[0:GRID, 0:GRID] / (GRID - 1)
    grid = np.c_[columns.ravel() * (width - 1), rows.ravel() * (height - 1)] / scale
    values = _kernel(((grid[:, None] - a[None]) ** 2).sum(-1)) @ weights[:count]
    values += np.c_[np.ones(len(grid)), grid] @ weights[count:]
    coarse = (values * scale).reshape(GRID, GRID, 2).astype(np.float32)
    # resize() samples at pixel centres; the raster's corners must land on the picture's corners.
    matrix = np.array([[(width - 1) / (GRID - 1), 0, 0], [0, (height - 1) / (GRID - 1), 0]])
    return np.asarray(
        cv2.warpAffine(
            coarse, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        dtype=np.float32,
    )


def frame_points(height: int, width: int) -> Points:
    """Eight points on the picture's border, to hold it still while a face moves."""
    right, bottom = width - 1, height - 1
    x, y = right / 2, bottom / 2
    return np.array(
        [(0, 0), (x, 0), (right, 0), (0, y), (right, y), (0, bottom), (x, bottom), (right, bottom)],
        dtype=np.float32,
    )


def remap(
    picture: Picture, field: NDArray[np.float32], interpolation: int = cv2.INTER_LINEAR
) -> Picture:
    """Look every pixel up through a backward map; beyond the edge the picture is mirrored."""
    return np.asarray(
        cv2.remap(
            picture, field[..., 0], field[..., 1], interpolation, borderMode=cv2.BORDER_REFLECT_101
        ),
        dtype=np.uint8,
    )


def bend(picture: Picture, points: Points, aim: Points) -> Picture:
    """The picture, uint8 (H, W, 3), its points (K, 2) carried onto `aim`, its border held still."""
    height, width = picture.shape[:2]
    frame = frame_points(height, width)
    field = spline_field(np.vstack((points, frame)), np.vstack((aim, frame)), height, width)
    return remap(picture, field)


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """Least-squares similarity, float64 (2, 3), that carries source onto target (Umeyama 1991)."""
    centre_a, centre_b = source.mean(0), target.mean(0)
    a, b = (source - centre_a).astype(np.float64), (target - centre_b).astype(np.float64)
    norm = (a**2).sum()
    cosine = (a * b).sum() / norm
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / norm
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.asarray(np.c_[linear, centre_b - linear @ centre_a], np.float64)


def move_points(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Apply an affine (2, 3) to points (K, 2)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)


def warp(
    picture: Picture,
    matrix: NDArray[np.float64],
    height: int,
    width: int,
    interpolation: int = cv2.INTER_LINEAR,
) -> Picture:
    """Affine warp of a picture into a (height, width) frame, mirrored beyond the edge."""
    return np.asarray(
        cv2.warpAffine(
            picture,
            matrix,
            (width, height),
            flags=interpolation,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        dtype=np.uint8,
    )
