"""What a camera and earlier uploads left in a picture before anybody manipulated it."""

import cv2
import numpy as np

from model_export.data.degrade import add_noise, h264, jpeg
from model_export.data.retouch import sharpen
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture

SHARPENED, GRAINY, ENCODED, FILMED = 0.85, 0.35, 0.2, 0.2
"""Shares of the pictures that were sharpened, have visible grain, were saved as JPEG before, are
frames of a clip: what is pasted into a clip lacks the traces of its first encoding."""


def draw_history(picture: Picture, rng: Rng) -> Picture:
    """The picture with a camera's sharpening, grain and JPEG or H.264 of its own.

    uint8 RGB (H, W, 3) in and out. Target and donor have each their own history, and what a
    generator makes has none: grain and blocks that stop at an outline are a trace of pasting.
    Small soft pictures such as UTKFace's hold little of the fine detail that crops of today's
    photographs show; without the sharpening a network would never be shown such crops.
    """
    if chance(rng, SHARPENED):
        picture = sharpen(picture, between(rng, 0.5, 5.0), between(rng, 0.6, 1.2))
    if chance(rng, GRAINY):
        picture = add_noise(picture, between(rng, 0.8, 6), int(rng.integers(2**31)))
        if chance(rng, 0.5):
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.uint8)
    draw = rng.random()
    if draw < ENCODED:
        picture = jpeg(picture, int(rng.integers(60, 97)))
    elif draw < ENCODED + FILMED:
        motion = (between(rng, -2, 2), between(rng, -2, 2))
        picture = h264(picture, int(rng.integers(18, 32)), motion, frames=2)
    return picture
