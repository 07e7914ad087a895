"""What happens to a picture on its way to a moderator; drawn once, applied to a whole pair.

A real picture and its fake must suffer exactly the same, or the network learns compression.
"""

from collections.abc import Callable

import cv2
import numpy as np

from model_export.data.colour import tone_curve
from model_export.data.retouch import sharpen
from model_export.data.rng import Rng, between, chance
from model_export.data.video import decode_last, encode_h264
from model_export.data.warp import Picture, warp

Step = Callable[[Picture], Picture]
"""A deterministic change of one picture; sizes may change, but alike for pictures of one size."""

GREY = 0.2
"""Share of the pictures with another saturation that have none."""
RESIZERS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def jpeg(picture: Picture, quality: int) -> Picture:
    """Encode and decode as JPEG, quality 1 to 100."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def webp(picture: Picture, quality: int) -> Picture:
    """Encode and decode as lossy WebP, quality 1 to 100."""
    _, data = cv2.imencode(".webp", picture[..., ::-1], (cv2.IMWRITE_WEBP_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def h264(picture: Picture, crf: int, motion: tuple[float, float], frames: int) -> Picture:
    """The last of a few slightly moving frames after H.264; crf 0 (lossless) to 51.

    motion: pixels a frame, x and y. One frame is an intra frame; more make it a predicted one,
    whose artefacts differ.
    """
    moved = []
    for away in range(1 - frames, 1):
        matrix = np.array([[1, 0, away * motion[0]], [0, 1, away * motion[1]]])
        moved.append(warp(picture, matrix, *picture.shape[:2]))
    decoded = decode_last(encode_h264(moved, crf))
    result = picture.copy()
    result[: decoded.shape[0], : decoded.shape[1]] = decoded
    return result


def resize(picture: Picture, scale: float, interpolation: int) -> Picture:
    """Resize both sides by one factor, to at least 24 pixels."""
    height, width = picture.shape[:2]
    size = (max(24, round(width * scale)), max(24, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)


def add_noise(picture: Picture, deviation: float, seed: int) -> Picture:
    """Gaussian sensor noise; the seed makes it the same for both pictures of a pair."""
    # OpenCV draws them four times as fast as NumPy, which showed in the time a pair takes.
    cv2.setRNGSeed(seed)
    noise = np.empty(picture.shape, np.float32)
    cv2.randn(noise, np.zeros(3), np.full(3, deviation))
    noise += picture
    return np.asarray(np.clip(np.rint(noise, out=noise), 0, 255, out=noise).astype(np.uint8))


def motion_blur(picture: Picture, length: int, angle: float) -> Picture:
    """A straight-line blur of `length` pixels."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), angle, 1)
    turned = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, turned / turned.sum()), np.uint8)


def draw_tone(rng: Rng) -> list[Step]:
    """Exposure, contrast, saturation, grey: what cameras and filters do to a whole picture."""
    steps: list[Step] = []
    if chance(rng, 0.6):
        contrast, brightness = between(rng, 0.7, 1.3), between(rng, -0.15, 0.15)
        curve = tone_curve(contrast, brightness, between(rng, 0.7, 1.4))
        steps.append(lambda p: np.asarray(cv2.LUT(p, curve), np.uint8))
    if chance(rng, 0.3):
        saturation = 0.0 if chance(rng, GREY) else between(rng, 0.4, 1.5)

        def saturate(picture: Picture) -> Picture:
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
            mixed = grey + saturation * (picture.astype(np.float32) - grey)
            return np.clip(mixed, 0, 255).astype(np.uint8)

        steps.append(saturate)
    if chance(rng, 0.4):
        # After the saturation: an old photograph is grey, then tinted.
        spread = between(rng, 0.05, 0.3)
        gain = rng.uniform(1 - spread, 1 + spread, 3)
        steps.append(lambda p: np.clip(p * gain, 0, 255).astype(np.uint8))
    return steps


def draw_optics(rng: Rng, strength: float) -> list[Step]:
    """Blur, beauty filter, sharpening, noise."""
    steps: list[Step] = []
    draw = rng.random() / max(strength, 1e-3)
    if draw < 0.2:
        sigma = between(rng, 0.3, 1.8)
        steps.append(lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), sigma), np.uint8))
    elif draw < 0.27:
        length, angle = int(rng.integers(3, 8)), between(rng, 0, 180)
        steps.append(lambda p: motion_blur(p, length, angle))
    elif draw < 0.37:
        smoothing = between(rng, 10, 45)
        steps.append(lambda p: np.asarray(cv2.bilateralFilter(p, 7, smoothing, 4), np.uint8))
    elif draw < 0.45:
        amount = between(rng, 0.3, 1.2)
        steps.append(lambda p: sharpen(p, amount))
    if chance(rng, 0.25 * strength):
        deviation, seed = between(rng, 1, 9), int(rng.integers(2**31))
        steps.append(lambda p: add_noise(p, deviation, seed))
    return steps


def draw_scale(rng: Rng, low: float) -> Step:
    """One resize by a factor between low and 1."""
    scale, kind = between(rng, low, 1.0), RESIZERS[rng.integers(len(RESIZERS))]
    return lambda p: resize(p, scale, kind)


def draw_codec(rng: Rng, strength: float) -> Step:
    """One lossy encoding: H.264 or JPEG mostly, WebP sometimes."""
    draw = rng.random()
    if draw < 0.65:
        crf, frames = int(rng.integers(18, 25 + round(14 * strength))), int(rng.integers(1, 5))
        motion = (between(rng, -3, 3), between(rng, -3, 3))
        return lambda p: h264(p, crf, motion, frames)
    if draw < 0.94:
        quality = int(rng.integers(80 - round(45 * strength), 99))
        return lambda p: jpeg(p, quality)
    quality = int(rng.integers(75 - round(45 * strength), 95))
    return lambda p: webp(p, quality)


def second_upload(rng: Rng, strength: float) -> list[Step]:
    """Saved, shrunk and encoded once more: double compression."""
    return [draw_scale(rng, 0.6), draw_codec(rng, strength)]


def social_media(rng: Rng, strength: float) -> list[Step]:
    """Shrunk by a platform with an antialiasing filter, then JPEG at a platform's quality."""
    scale = 1 - 0.5 * strength * rng.random()
    quality = int(rng.integers(70, 88))
    return [lambda p: resize(p, scale, cv2.INTER_AREA), lambda p: jpeg(p, quality)]


def screenshot(rng: Rng, strength: float) -> list[Step]:
    """Shown enlarged on a screen, captured there, and shared as a smaller JPEG."""
    up, down = between(rng, 1.05, 1.8), between(rng, 1 - 0.5 * strength, 1.0)
    quality = int(rng.integers(75, 96))
    return [
        lambda p: resize(p, up, cv2.INTER_LINEAR),
        lambda p: resize(p, down / up, cv2.INTER_AREA),
        lambda p: jpeg(p, quality),
    ]


JOURNEYS = (second_upload, social_media, screenshot)
"""What happens to a picture that is passed on."""


def draw_degradation(rng: Rng, strength: float = 1.0) -> list[Step]:
    """Tone, optics, shrinking, encoding, and for some a journey of JOURNEYS.

    strength: 0 to 1; scales how often and how badly a picture suffers, tone aside.
    """
    steps = draw_tone(rng) + draw_optics(rng, strength)
    if chance(rng, 0.5 * strength):
        steps.append(draw_scale(rng, 1 - 0.6 * strength))
    if chance(rng, 0.5 + 0.4 * strength):
        steps.append(draw_codec(rng, strength))
    if chance(rng, 0.3 * strength):
        steps += JOURNEYS[rng.integers(len(JOURNEYS))](rng, strength)
    return steps


def degrade(picture: Picture, steps: list[Step]) -> Picture:
    """Apply the steps in order."""
    for step in steps:
        picture = step(picture)
    return picture
