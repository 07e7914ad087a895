"""Crops and evidence made by hand, to test what is concluded from them."""

import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, FaceCrop, Quality
from service.faces.extraction import Extraction
from service.inference.evidence import Evidence
from service.inference.model_file import (
    Calibration,
    CropSpec,
    InputSpec,
    ModelSpec,
    Thresholds,
)
from service.media.info import MediaInfo

Mask = NDArray[np.uint8]

SPEC = ModelSpec(
    schema=1,
    name="by hand",
    version="1",
    preset="test",
    input=InputSpec("image", 256, "NHWC", "uint8", "RGB"),
    crop=CropSpec(1.0),
    methods=("deepfakes", "face2face", "faceswap"),
    calibration=Calibration("logistic", 1.0, 0.0),
    method_temperature=1.0,
    thresholds=Thresholds(0.7, 0.3, 128, 0.5),
    training_data="none",
    licence="none",
    figures={},
    parity={},
)
BLACK: Mask = np.zeros((256, 256), np.uint8)


def block(left: int, top: int, right: int, bottom: int) -> Mask:
    """A crop's mask with one rectangle."""
    mask = BLACK.copy()
    mask[top:bottom, left:right] = 255
    return mask


def face(
    *,
    frame: int = 0,
    track: int = 0,
    person: int | None = None,
    left: int = 0,
    top: int = 0,
    side: int = 64,
    sharpness: float = 10.0,
    warnings: tuple[str, ...] = (),
) -> FaceCrop:
    """A face whose square is `side` pixels of its frame wide, at (left, top).

    person: by default, each track is of its own.
    """
    step = side / 256
    shift = step / 2 - 0.5
    return FaceCrop(
        frame_index=frame,
        time_s=frame / 10,
        box=Box(left, top, side, side),
        track=track,
        person=track if person is None else person,
        detection_score=0.9,
        crop_to_frame=np.array([[step, 0.0, left + shift], [0.0, step, top + shift]]),
        quality=Quality(side, sharpness, 120.0, warnings=warnings),
        pixels=np.zeros((256, 256, 3), np.uint8),
    )


def evidence(
    logit: float, mask: Mask = BLACK, methods: tuple[float, ...] | None = None
) -> Evidence:
    """Evidence whose calibrated logit under SPEC is `logit`."""
    fake, real = max(logit, 0.0), max(-logit, 0.0)
    logits = None if methods is None else np.array(methods, np.float32)
    return Evidence(fake, real, mask, logits)


def extraction(crops: list[FaceCrop], *, frames: int = 1) -> Extraction:
    """An upload of `frames` frames of 200 x 100 pixels."""
    moves = frames > 1
    media = MediaInfo(
        kind="video" if moves else "image",
        format="mp4" if moves else "png",
        width=200,
        height=100,
        duration_s=frames / 10 if moves else None,
        frames_total=frames,
        frames_analyzed=frames,
        sha256="0" * 64,
    )
    shown = tuple((i, i / 10, (i + 1) / 10 if moves else 0.0) for i in range(frames))
    return Extraction(media, tuple(crops), shown)
