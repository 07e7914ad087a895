"""The JSON of the API, version 1."""

import base64
import time
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, Field

from service.pipeline import Analysis
from service.verdict.calibration import FaceVerdict
from service.verdict.findings import (
    Confidence,
    FaceFinding,
    MaskFinding,
    MethodFinding,
    Verdict,
)
from service.verdict.mask import encode_png


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
    png: str | None = Field(description="Base64 of an 8-bit grey PNG; null with mask=none.")
    frame_index: int


class FaceMaskBody(MaskBody):
    """Where a face was manipulated. The PNG shows the square `box` of the frame."""

    box: BoxBody


class QualityBody(BaseModel):
    """Measured quality of a face."""

    width_px: int
    sharpness: float
    brightness: float
    warnings: list[str]


class FaceBody(BaseModel):
    """One face through the whole upload."""

    track: int
    box: BoxBody
    detection_score: float
    fake_probability: float
    verdict: FaceVerdict
    method: MethodBody
    mask: FaceMaskBody
    area_fraction: float = Field(description="Manipulated share of the face's square.")
    quality: QualityBody


class TimelineFaceBody(BaseModel):
    """One face in one frame."""

    track: int
    fake_probability: float


class TimelineBody(BaseModel):
    """One analysed frame."""

    frame_index: int
    time_s: float
    faces: list[TimelineFaceBody]


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
    """Milliseconds in each stage."""

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
    faces: list[FaceBody]
    timeline: list[TimelineBody]
    media: MediaBody
    model: ModelBody
    timing_ms: TimingBody
    warnings: list[str] = Field(description="Stable codes of what limits the verdict.")


def report_body(analysis: Analysis, *, inline_masks: bool) -> ReportBody:
    """The report as the API gives it. Encodes PNGs: call it off the event loop."""
    begun = time.perf_counter()
    report, spec = analysis.report, analysis.model.spec
    fake = report.fake_probability
    mask = None if report.mask is None else _mask(report.mask, inline=inline_masks)
    faces = [_face(face, inline=inline_masks) for face in report.faces]
    timing = analysis.timing
    timing = replace(timing, report=timing.report + time.perf_counter() - begun)
    return ReportBody(
        id=analysis.id,
        verdict=report.verdict,
        fake_probability=fake,
        real_probability=None if fake is None else 1.0 - fake,
        method=_method(report.method),
        mask=mask,
        faces=faces,
        timeline=[
            TimelineBody(
                frame_index=point.frame_index,
                time_s=point.time_s,
                faces=[
                    TimelineFaceBody(track=track, fake_probability=value)
                    for track, value in point.faces
                ],
            )
            for point in report.timeline
        ],
        media=MediaBody.model_validate(report.media, from_attributes=True),
        model=ModelBody(
            name=spec.name,
            version=spec.version,
            sha256=analysis.model.sha256,
            device=analysis.device,
        ),
        timing_ms=TimingBody(
            media=_ms(timing.media),
            queue=_ms(timing.queue),
            inference=_ms(timing.inference),
            report=_ms(timing.report),
            total=_ms(timing.total),
        ),
        warnings=list(report.warnings),
    )


def _face(face: FaceFinding, *, inline: bool) -> FaceBody:
    box = BoxBody.model_validate(face.mask.box, from_attributes=True)
    return FaceBody(
        track=face.track,
        box=BoxBody.model_validate(face.box, from_attributes=True),
        detection_score=face.detection_score,
        fake_probability=face.fake_probability,
        verdict=face.verdict,
        method=_method(face.method),
        mask=FaceMaskBody(box=box, **_mask(face.mask, inline=inline).model_dump()),
        area_fraction=face.mask.area_fraction,
        quality=QualityBody(
            width_px=face.quality.width_px,
            sharpness=face.quality.sharpness,
            brightness=face.quality.brightness,
            warnings=[*face.quality.warnings, *face.reasons],
        ),
    )


def _method(method: MethodFinding) -> MethodBody:
    return MethodBody(
        name=method.name, probabilities=dict(method.probabilities), confidence=method.confidence
    )


def _mask(mask: MaskFinding, *, inline: bool) -> MaskBody:
    height, width = mask.pixels.shape
    png = base64.b64encode(encode_png(mask.pixels)).decode("ascii") if inline else None
    return MaskBody(
        width=width,
        height=height,
        area_fraction=mask.area_fraction,
        png=png,
        frame_index=mask.frame_index,
    )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)
