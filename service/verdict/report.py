"""Evidence to report."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.faces.crop import Box, FaceCrop, Quality
from service.faces.extraction import Extraction
from service.inference.evidence import Evidence
from service.inference.model_file import ModelSpec
from service.verdict.aggregate import track_logit
from service.verdict.calibration import decide, fake_logit, probability
from service.verdict.findings import (
    FaceFinding,
    MaskFinding,
    Report,
    TimelinePoint,
)
from service.verdict.mask import area_fraction, crop_mask, draw_into_frame
from service.verdict.method import NO_METHOD, name_method

_GRAVITY = {"authentic": 0, "inconclusive": 1, "manipulated": 2}


@dataclass(frozen=True, slots=True)
class SupportRule:
    """What a face must have for the model to be believed.

    min_width_px: least width of the face box in frame pixels.
    min_sharpness: least standard deviation of the Laplacian of the grey crop, grey levels.
    """

    min_width_px: int
    min_sharpness: float

    def reasons(self, quality: Quality) -> tuple[str, ...]:
        """Stable codes of what a face lacks; empty when it is good enough."""
        small = ("face_too_small",) if quality.width_px < self.min_width_px else ()
        blurred = ("face_too_blurred",) if quality.sharpness < self.min_sharpness else ()
        return small + blurred


@dataclass(frozen=True, slots=True)
class _Seen:
    crop: FaceCrop
    evidence: Evidence
    logit: float


def build_report(
    extraction: Extraction, evidence: Sequence[Evidence], spec: ModelSpec, rule: SupportRule
) -> Report:
    """Put together the report of one upload. evidence: one for each crop, in their order."""
    seen = [
        _Seen(crop, item, fake_logit(item, spec.calibration))
        for crop, item in zip(extraction.crops, evidence, strict=True)
    ]
    if not seen:
        return Report(
            verdict="no_face",
            fake_probability=None,
            method=NO_METHOD,
            mask=None,
            faces=(),
            timeline=_timeline(extraction, seen),
            media=extraction.media,
            warnings=extraction.media.warnings,
        )
    tracks: dict[int, list[_Seen]] = defaultdict(list)
    for each in seen:
        tracks[each.crop.track].append(each)
    faces = tuple(_face(track, tracks[track], spec, rule) for track in sorted(tracks))
    worst = _worst(faces)
    return Report(
        verdict=worst.verdict,
        fake_probability=worst.fake_probability,
        method=worst.method,
        mask=_frame_mask(worst.mask.frame_index, faces, seen, extraction, spec),
        faces=faces,
        timeline=_timeline(extraction, seen),
        media=extraction.media,
        warnings=extraction.media.warnings + worst.reasons,
    )


def _face(track: int, seen: list[_Seen], spec: ModelSpec, rule: SupportRule) -> FaceFinding:
    # Crops too poor to judge have no vote where the same face was also seen well.
    good = [each for each in seen if not rule.reasons(each.crop.quality)]
    voters = good or seen
    worst = max(voters, key=lambda each: each.logit)
    fake = probability(track_logit([each.logit for each in voters]))
    verdict = decide(fake, spec.thresholds) if good else "inconclusive"
    mask = crop_mask(worst.crop, _raw_mask(worst), spec.thresholds.mask)
    method = name_method(
        [each.evidence for each in voters],
        [probability(each.logit) for each in voters],
        verdict,
        mask.pixels,
        spec,
    )
    if verdict == "authentic":
        # Specks on a face judged authentic would contradict its verdict.
        mask = MaskFinding(np.zeros_like(mask.pixels), mask.frame_index, mask.box, 0.0)
    return FaceFinding(
        track=track,
        box=worst.crop.box,
        detection_score=worst.crop.detection_score,
        fake_probability=fake,
        verdict=verdict,
        reasons=() if good else rule.reasons(worst.crop.quality),
        method=method,
        mask=mask,
        quality=worst.crop.quality,
    )


def _worst(faces: Sequence[FaceFinding]) -> FaceFinding:
    """The face that decides: among those good enough to judge, where there is one."""
    candidates = [face for face in faces if not face.reasons] or list(faces)
    return max(candidates, key=lambda face: (_GRAVITY[face.verdict], face.fake_probability))


def _frame_mask(
    frame_index: int,
    faces: Sequence[FaceFinding],
    seen: Sequence[_Seen],
    extraction: Extraction,
    spec: ModelSpec,
) -> MaskFinding:
    """The masks of all suspect faces of one frame, at the frame's full size."""
    width, height = extraction.media.width, extraction.media.height
    frame = np.zeros((height, width), np.uint8)
    suspects = {face.track for face in faces if face.verdict != "authentic"}
    for each in seen:
        if each.crop.frame_index == frame_index and each.crop.track in suspects:
            draw_into_frame(frame, each.crop, _raw_mask(each), spec.thresholds.mask)
    return MaskFinding(frame, frame_index, Box(0, 0, width, height), area_fraction(frame))


def _timeline(extraction: Extraction, seen: Sequence[_Seen]) -> tuple[TimelinePoint, ...]:
    faces: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for each in seen:
        faces[each.crop.frame_index].append((each.crop.track, probability(each.logit)))
    return tuple(
        TimelinePoint(index, time_s, tuple(faces[index])) for index, time_s in extraction.frames
    )


def _raw_mask(seen: _Seen) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    if seen.evidence.mask is None:
        raise ValueError("a report needs evidence with masks")
    return seen.evidence.mask
