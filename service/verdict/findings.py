"""What is known of each face, and of the upload as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, Quality
from service.media.info import MediaInfo
from service.verdict.calibration import FaceVerdict

Confidence = Literal["low", "medium", "high"]
Verdict = Literal["manipulated", "authentic", "inconclusive", "no_face"]


@dataclass(frozen=True, slots=True)
class MethodFinding:
    """How a face was manipulated.

    name: one of the model's methods; "unknown" where nothing can be said; "none" for what was
        not manipulated.
    probabilities: of each method, given that the face is manipulated; empty where the model
        has no method output or the name is "none".
    """

    name: str
    probabilities: Mapping[str, float]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class MaskFinding:
    """Where a picture was manipulated.

    pixels: uint8 (H, W), 255 = manipulated, else 0. The mask of a face is the network's crop,
        the mask of a report a full frame.
    box: where the mask lies in the frame, in frame pixels.
    area_fraction: share of manipulated pixels, 0 to 1.
    """

    pixels: NDArray[np.uint8]
    frame_index: int
    box: Box
    area_fraction: float


@dataclass(frozen=True, slots=True)
class FaceFinding:
    """One face through the whole upload.

    box, detection_score, quality, mask: those of its most incriminating frame.
    reasons: stable codes of why the face is too poor for the model to be believed; empty when
        it is good enough.
    """

    track: int
    box: Box
    detection_score: float
    fake_probability: float
    verdict: FaceVerdict
    reasons: tuple[str, ...]
    method: MethodFinding
    mask: MaskFinding
    quality: Quality


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One analysed frame. faces: (track, P(fake) of that crop alone) of each face in it."""

    frame_index: int
    time_s: float
    faces: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What the user gets.

    fake_probability, mask: None exactly when the verdict is "no_face".
    warnings: stable codes of what limits the verdict.
    """

    verdict: Verdict
    fake_probability: float | None
    method: MethodFinding
    mask: MaskFinding | None
    faces: tuple[FaceFinding, ...]
    timeline: tuple[TimelinePoint, ...]
    media: MediaInfo
    warnings: tuple[str, ...]
