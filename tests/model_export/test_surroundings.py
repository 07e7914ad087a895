"""A head before a plain wall gets other surroundings, and keeps its face."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex, RealFace
from model_export.data.masks import polygon
from model_export.data.surroundings import draw_surroundings, dress, find_wall

SCENE = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)


def studio(face: RealFace) -> RealFace:
    """The face, with a neck, before a bright wall with a gradient, over a white shirt."""
    height, width = face.pixels.shape[:2]
    around = cv2.convexHull(np.round(face.landmarks).astype(np.int32)).astype(np.float32)
    centre = around.mean(0)
    head = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(head, np.round(centre + 1.25 * (around - centre)).astype(np.int32), 255)
    wall = np.repeat(np.linspace(180, 210, height)[:, None, None], width, 1).repeat(3, 2)
    warm = np.array((200, 150, 120))
    inside = polygon(face.landmarks, height, width)[..., None]
    skin = face.pixels * inside + warm * (1 - inside)
    pixels = np.where(head[..., None] > 0, skin, wall).astype(np.uint8)
    chin = round(float(face.landmarks[8, 1]))
    pixels[min(height - 4, chin + 6) :] = 236
    return replace(face, pixels=pixels)


def test_a_wall_is_found_around_the_head_and_not_on_it(faces: FaceIndex) -> None:
    face = studio(faces.read(0))
    wall = find_wall(face.pixels, face.landmarks)
    assert wall is not None
    assert 0 <= wall.min() <= wall.max() <= 1
    hull = polygon(face.landmarks, *face.pixels.shape[:2]) > 0.99
    assert wall[hull].mean() < 0.02
    corners = [wall[2, 2], wall[2, -3], wall[40, 2]]
    assert min(corners) > 0.9


def test_where_no_plain_wall_is_nothing_changes(faces: FaceIndex) -> None:
    face = faces.read(0)
    noisy = np.random.default_rng(1).integers(0, 255, face.pixels.shape).astype(np.uint8)
    assert find_wall(noisy, face.landmarks) is None
    for seed in range(4):
        rng = np.random.default_rng(seed)
        assert np.array_equal(draw_surroundings(noisy, face.landmarks, lambda: SCENE, rng), noisy)


def test_the_face_stays_and_the_wall_goes(faces: FaceIndex) -> None:
    face = studio(faces.read(0))
    hull = polygon(face.landmarks, *face.pixels.shape[:2]) > 0.99
    changed = []
    for seed in range(12):
        moved = draw_surroundings(
            face.pixels, face.landmarks, lambda: SCENE, np.random.default_rng(seed)
        )
        change = np.abs(moved.astype(int) - face.pixels).max(-1)
        assert change[hull].mean() < 2
        changed.append(change[:20].mean() > 10)
    assert 0.2 < np.mean(changed) < 0.8


def test_only_what_is_white_below_the_chin_is_dyed(faces: FaceIndex) -> None:
    face = studio(faces.read(0))
    nowhere: NDArray[np.float32] = np.zeros(face.pixels.shape[:2], np.float32)
    dressed = dress(face.pixels, face.landmarks, nowhere, np.random.default_rng(3))
    chin = round(float(face.landmarks[8, 1]))
    assert np.array_equal(dressed[:chin], face.pixels[:chin])
    assert np.abs(dressed[-3:].astype(int) - face.pixels[-3:]).mean() > 10
