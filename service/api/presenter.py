"""An analysis, put into the API's JSON."""

import base64
import time
from dataclasses import replace

from service.analysis import Analysis
from service.api.schemas.face import (
    BoxBody,
    FaceBody,
    FaceMaskBody,
    IntervalBody,
    MaskBody,
    MethodBody,
    QualityBody,
)
from service.api.schemas.report import (
    MediaBody,
    ModelBody,
    OverlayBody,
    ReportBody,
    TimelineBody,
    TimingBody,
)
from service.verdict.findings import FaceFinding, MaskFinding, MethodFinding
from service.verdict.mask import encode_png
from service.verdict.rendering import OVERLAY_TYPE


def report_body(
    analysis: Analysis, *, inline_masks: bool, overlay: bytes | None = None
) -> ReportBody:
    """The report as the API gives it. Encodes PNGs: call it off the event loop.

    overlay: a picture of OVERLAY_TYPE to enclose.
    """
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
        overlay=None if overlay is None else _overlay(overlay),
        faces=faces,
        timeline=[
            TimelineBody.model_validate(point, from_attributes=True) for point in report.timeline
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
    quality = face.quality
    poor = () if face.supported else face.reasons
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
            width_px=quality.width_px,
            sharpness=quality.sharpness,
            brightness=quality.brightness,
            blockiness=quality.blockiness,
            warnings=[*quality.warnings, *poor],
        ),
        frames_analyzed=face.presence.frames,
        first_s=face.presence.first_s,
        last_s=face.presence.last_s,
        intervals=[
            IntervalBody.model_validate(each, from_attributes=True) for each in face.intervals
        ],
        agreement=face.agreement,
        warnings=list(face.reasons),
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


def _overlay(data: bytes) -> OverlayBody:
    return OverlayBody(media_type=OVERLAY_TYPE, data=base64.b64encode(data).decode("ascii"))


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)
