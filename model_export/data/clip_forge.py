"""Clips from stills: a moving photograph, manipulated for a known stretch of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_export.data.forge import Forge
from model_export.data.motion import about_centre, hand_motion
from model_export.data.rng import Rng
from model_export.data.warp import Picture, warp

CROP_SIDE = 280.0


@dataclass(frozen=True, slots=True)
class ForgedClip:
    """Frames with their truth.

    frames: uint8 RGB, all of one size; masks: uint8 (H, W), 255 = manipulated, black where
    the frame is real; interval_s: (start, end) of the manipulated stretch, or None.
    """

    frames: tuple[Picture, ...]
    masks: tuple[NDArray[np.uint8], ...]
    fake: tuple[bool, ...]
    rate: int
    interval_s: tuple[float, float] | None
    family: str | None


def forge_clip(
    forge: Forge, position: int, rng: Rng, *, seconds: float, share: float, rate: int = 25
) -> ForgedClip:
    """Let one photograph move like a hand-held portrait and fake a stretch of it.

    share: of the clip's duration that is manipulated, 0 to 1; the stretch starts anywhere it
    fits. The fake flickers a little from frame to frame, as per-frame generators do.
    """
    target, made, family = forge.manipulate(position, CROP_SIDE, rng)
    count = max(1, round(seconds * rate))
    length = round(share * count)
    first = int(rng.integers(0, count - length + 1))
    path = hand_motion(count, rate, rng)
    height, width = target.pixels.shape[:2]
    region = np.round(made.region * 255).astype(np.uint8)
    frames, masks, fake = [], [], []
    for number in range(count):
        manipulated = first <= number < first + length
        still = made.pixels if manipulated else target.pixels
        if manipulated:
            flicker = 1 + rng.normal(0, 0.008) * made.region[..., None]
            still = np.clip(still * flicker, 0, 255).astype(np.uint8)
        matrix = about_centre(path[number], height, width)
        frames.append(warp(still, matrix, height, width))
        shown = warp(region, matrix, height, width)
        masks.append(shown if manipulated else np.zeros_like(shown))
        fake.append(manipulated)
    interval = (first / rate, (first + length) / rate) if length else None
    return ForgedClip(
        tuple(frames), tuple(masks), tuple(fake), rate, interval, family if length else None
    )
