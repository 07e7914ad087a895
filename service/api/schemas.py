"""The JSON of the API, version 1."""

from typing import Literal

from pydantic import BaseModel, Field

from service.verdict.calibration import FaceVerdict
from service.verdict.findings import Confidence, Verdict


class BoxBody(BaseModel):
    """A rectangle in frame pixels."""

    x: float
    y: float
    width: float
    height: float


class MethodBody(BaseModel):
    """How a face was manipulated."""

    name: str = Field(description="A method of the model, `unknown`, or `none`.")
    probabilities: dict[str, float] = Field(description="Given that the face is manipulated.")
    confidence: Confidence


class MaskBody(BaseModel):
    """Where a frame was manipulated; 255 = manipulated."""

    width: int
    height: int
    area_fraction: float
    png: str | None = Field(description="Base64 of a 1-bit grey PNG; null with mask=none.")
    frame_index: int


class FaceMaskBody(MaskBody):
    """Where a face was manipulated. The PNG shows the square `box` of the frame."""

    box: BoxBody


class QualityBody(BaseModel):
    """Measured quality of a face."""

    width_px: int
    sharpness: float
    brightness: float
    blockiness: float
    warnings: list[str]


class IntervalBody(BaseModel):
    """A stretch of a clip, in seconds from its start."""

    start_s: float
    end_s: float


class FaceBody(BaseModel):
    """One face through the whole upload."""

    track: int
    box: BoxBody = Field(description="In its most incriminating frame, as are mask and quality.")
    detection_score: float
    fake_probability: float
    verdict: FaceVerdict
    method: MethodBody
    mask: FaceMaskBody
    area_fraction: float = Field(description="Manipulated share of the face's square.")
    quality: QualityBody
    frames_analyzed: int = Field(description="Analysed frames this face was seen in.")
    first_s: float
    last_s: float
    intervals: list[IntervalBody] = Field(
        description="When the face is manipulated; empty for pictures and authentic faces."
    )
    agreement: float = Field(
        description="1 where its frames tell one story, down to 0 where each contradicts the last."
    )
    warnings: list[str] = Field(description="Stable codes of what limits this face's verdict.")


class TimelineFaceBody(BaseModel):
    """One face in one frame."""

    track: int
    fake_probability: float
    box: BoxBody


class TimelineBody(BaseModel):
    """One analysed frame."""

    frame_index: int
    time_s: float
    faces: list[TimelineFaceBody]


class OverlayBody(BaseModel):
    """The analysed frames with masks and faces drawn on them."""

    media_type: str
    data: str = Field(description="Base64.")


class MediaBody(BaseModel):
    """The upload."""

    kind: Literal["image", "video"]
    format: str
    width: int
    height: int
    duration_s: float | None
    frames_total: int
    frames_analyzed: int
    sha256: str


class ModelBody(BaseModel):
    """The model that judged."""

    name: str
    version: str
    sha256: str
    device: str


class TimingBody(BaseModel):
    """Milliseconds in each stage; drawing an overlay is not counted."""

    media: float
    queue: float
    inference: float
    report: float
    total: float


class ReportBody(BaseModel):
    """The report on one upload."""

    id: str
    verdict: Verdict
    fake_probability: float | None
    real_probability: float | None
    method: MethodBody
    mask: MaskBody | None
    overlay: OverlayBody | None = Field(description="Null unless mask=clip, or without a face.")
    faces: list[FaceBody]
    timeline: list[TimelineBody]
    media: MediaBody
    model: ModelBody
    timing_ms: TimingBody
    warnings: list[str] = Field(description="Stable codes of what limits the verdict.")
