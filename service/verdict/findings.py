"""What is known of each face, and of the upload as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, Quality
from service.media.info import MediaInfo
from service.media.stretches import Interval
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

    pixels: uint8 (H, W), 255 = manipulated, else 0. The mask of a face covers the network's
        crop, or the upright square about it where that was turned; a report's a full frame.
    box: where the mask lies in the frame, in frame pixels.
    area_fraction: share of manipulated pixels, 0 to 1.
    """

    pixels: NDArray[np.uint8]
    frame_index: int
    box: Box
    area_fraction: float


@dataclass(frozen=True, slots=True)
class Presence:
    """When one face was seen. frames: how many analysed frames it was judged in; seconds."""

    frames: int
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class FaceFinding:
    """One face through the whole upload.

    box, detection_score, quality, mask: those of its most incriminating frame.
    supported: whether it was seen well enough to be judged at all, see `seen_well`.
    reasons: stable codes of what speaks against believing the model: the quality where it is
        not supported, "frames_disagree", or "one_of_several" (see `manipulated_among`).
    agreement: 1 where its frames tell one story, down to 0 (see `verdict.agreement`).
    intervals: when it is manipulated; empty for a picture, and for a face judged authentic.
    """

    track: int
    box: Box
    detection_score: float
    fake_probability: float
    verdict: FaceVerdict
    supported: bool
    reasons: tuple[str, ...]
    presence: Presence
    agreement: float
    intervals: tuple[Interval, ...]
    method: MethodFinding
    mask: MaskFinding
    quality: Quality


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face in one analysed frame.

    fake_probability: of this crop; see `levelled` for what the others of a clip have to do with it.
    mask: the network's, uint8 grey (size, size), before its threshold.
    crop_to_frame: float64 (2, 3); maps the mask's pixels to the frame's. roll_deg: by how much the
        crop was turned, see `cut_square`. votes: whether the face's verdict heeds it.
    """

    track: int
    box: Box
    fake_probability: float
    mask: NDArray[np.uint8]
    crop_to_frame: NDArray[np.float64]
    roll_deg: float
    in_key_frame: bool
    votes: bool


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """One analysed frame, shown from when until when, and each face in it, by track."""

    frame_index: int
    time_s: float
    until_s: float
    faces: tuple[Sighting, ...]


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
