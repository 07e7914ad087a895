"""Other surroundings and clothes for heads that were photographed before a plain wall."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.masks import Alpha, blur, face_span
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture, Points

REPLACED = 0.5
"""Share of the plain walls that something else is put in the place of."""
BLURRED = 0.6
"""Share of the surroundings that are out of focus."""
LEAST_WALL = 0.12
"""Share of a picture that a plain wall must fill: less is a gap between a head and an edge."""
_STEP = 3
"""Grey levels by which neighbours in a wall may differ: it has a gradient, no edges."""
_MOST_COLOUR, _LEAST_LIGHT = 14, 100
"""Range of a wall's channels, and its darkest channel, in grey levels."""


def draw_surroundings(
    picture: Picture, landmarks: Points, scene: Callable[[], Picture], rng: Rng
) -> Picture:
    """The head before another background, where it stood before a plain bright wall.

    picture: uint8 RGB (H, W, 3); landmarks: float32 (68, 2) in its pixels; scene: gives any
    picture, uint8 RGB, of which a piece becomes the background; asked only if one is needed.
    Studio portraits all have the same wall and the same white shirt, and a network that knows no
    other surroundings takes a street behind a real person for something amiss.
    """
    if not chance(rng, REPLACED):
        return picture
    wall = find_wall(picture, landmarks)
    if wall is None:
        return picture
    colour = np.median(picture[wall > 0.9], axis=0)
    background = _background(scene(), picture.shape[:2], rng)
    # Multiplied, not pasted: strands of hair before the wall are half transparent.
    gain = background / np.maximum(colour, 1).astype(np.float32)
    lit = np.minimum(picture * gain, 255)
    mixed = picture + wall[..., None] * (lit - picture)
    return dress(np.asarray(np.rint(mixed), np.uint8), landmarks, wall, rng)


def find_wall(picture: Picture, landmarks: Points) -> Alpha | None:
    """Where a plain bright wall is seen, float32 (H, W) 0 to 1; None where there is none.

    It is what can be reached from the upper corners and sides without crossing an edge.
    """
    height, width = picture.shape[:2]
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    # Skin in bright light differs from the wall by little but its colour.
    spread = smooth.max(-1).astype(np.int16) - smooth.min(-1)
    filled = np.ones((height + 2, width + 2), np.uint8)
    filled[1:-1, 1:-1] = (spread > _MOST_COLOUR) | (smooth.min(-1) < _LEAST_LIGHT)
    barred = filled.copy()
    # A shirt as white as the wall begins below the chin; what is beside it belongs to the wall.
    bottom = min(height - 1, round(float(landmarks[8, 1])))
    rows = np.linspace(1, max(1, bottom), 5).astype(int)
    seeds = [(x, int(y)) for y in rows for x in (1, width - 2)]
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
    for x, y in seeds:
        if not filled[y + 1, x + 1]:
            cv2.floodFill(smooth, filled, (x, y), 0, (_STEP,) * 3, (_STEP,) * 3, flags)
    wall = np.where(barred, 0, filled)[1:-1, 1:-1].copy()
    hull = cv2.convexHull(np.round(landmarks).astype(np.int32))
    cv2.fillConvexPoly(wall, hull, 0)
    if wall.mean() < 255 * LEAST_WALL:
        return None
    # The fringe of hair holds some of the wall as well, as far as it is about as bright.
    near = cv2.dilate(wall, np.ones((5, 5), np.uint8), iterations=2) > 0
    level = float(np.median(smooth[wall > 0]))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    likeness = np.clip((grey / np.float32(level) - 0.55) / 0.35, 0, 1)
    likeness *= spread < 2 * _MOST_COLOUR
    solid: Alpha = np.asarray(np.maximum(wall > 0, near * likeness), np.float32)
    cv2.fillConvexPoly(solid, hull, 0.0)
    return blur(solid, 0.7)


def dress(picture: Picture, landmarks: Points, wall: Alpha, rng: Rng) -> Picture:
    """Dye what is white below the chin, with stripes now and then."""
    top = round(float(landmarks[8, 1]))
    below = picture[max(top, 0) :]
    height, width = below.shape[:2]
    if height < 3:
        return picture
    hue = cv2.cvtColor(below, cv2.COLOR_RGB2HSV)
    white = ((hue[..., 1] < 45) & (hue[..., 2] > 120)) * (1 - wall[-height:])
    cloth = cv2.erode(np.asarray(white, np.float32), np.ones((3, 3)))
    cloth = blur(np.asarray(cloth, np.float32), 1.2)[..., None]
    dye = rng.uniform(0.05, 1.0, (1, 1, 3)).astype(np.float32)
    if chance(rng, 0.3):
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        along = columns * np.float32(rng.normal()) + rows * np.float32(rng.normal())
        period = between(rng, 0.04, 0.3) * face_span(landmarks)
        dye = dye * (1 + 0.4 * np.sin(along * np.float32(2 * np.pi / period)))[..., None]
    dyed = below * (1 - cloth * (1 - np.clip(dye, 0, 1)))
    dressed = picture.copy()
    dressed[-height:] = np.rint(dyed)
    return dressed


def _background(scene: Picture, shape: tuple[int, int], rng: Rng) -> NDArray[np.float32]:
    """A piece of a scene at a size, turned, in and out of focus, a little darker or lighter."""
    height, width = shape
    across = max(16, round(min(scene.shape[:2]) * between(rng, 0.3, 1.0)))
    top = int(rng.integers(0, scene.shape[0] - across + 1))
    left = int(rng.integers(0, scene.shape[1] - across + 1))
    turned = np.rot90(scene[top : top + across, left : left + across], int(rng.integers(4)))
    kind = cv2.INTER_CUBIC
    piece = cv2.resize(np.asarray(turned, np.float32), (width, height), interpolation=kind)
    if chance(rng, BLURRED):
        small = max(2, round(width * between(rng, 0.01, 0.15)))
        piece = cv2.resize(piece, (small, small), interpolation=cv2.INTER_AREA)
        piece = cv2.resize(piece, (width, height), interpolation=kind)
    else:
        noise = rng.normal(0, between(rng, 0, 25), (height // 2 + 1, width // 2 + 1))
        piece = piece + cv2.resize(noise.astype(np.float32), (width, height))[..., None]
    # No cast of its own: a face lit otherwise than what is around it is what a paste looks like.
    return np.asarray(np.clip(piece * between(rng, 0.5, 1.1), 0, 255), np.float32)
