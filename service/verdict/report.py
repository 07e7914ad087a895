"""Evidence to report."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

import numpy as np

from service.faces.crop import Box
from service.faces.extraction import Extraction
from service.inference.evidence import Evidence
from service.inference.model_file import ModelSpec
from service.verdict.calibration import fake_logit
from service.verdict.face import Seen, judge_face
from service.verdict.findings import FaceFinding, MaskFinding, Report, TimelinePoint
from service.verdict.intervals import stretches_of
from service.verdict.mask import area_fraction, draw_into_frame
from service.verdict.method import UNKNOWN_METHOD
from service.verdict.support import SupportRule, seen_well
from service.verdict.track import levelled_where_good, voters_among

_GRAVITY = {"authentic": 0, "inconclusive": 1, "manipulated": 2}


def build_report(
    extraction: Extraction, evidence: Sequence[Evidence], spec: ModelSpec, rule: SupportRule
) -> Report:
    """Put together the report of one upload. evidence: one for each crop, in their order."""
    tracks = _tracks(extraction, evidence, spec, rule)
    if not tracks:
        return Report(
            verdict="no_face",
            fake_probability=None,
            method=UNKNOWN_METHOD,
            mask=None,
            faces=(),
            timeline=_timeline(extraction, ()),
            media=extraction.media,
            warnings=extraction.media.warnings,
        )
    seen = [each for track in tracks.values() for each in track]
    moves = extraction.media.kind == "video"
    people = _people_judged(tracks.values())
    faces = tuple(
        judge_face(track, spec, rule, moves=moves, people=people) for track in tracks.values()
    )
    worst = _worst(faces, {each.crop.track for each in seen if each.good}, spec)
    return Report(
        verdict=worst.verdict,
        fake_probability=worst.fake_probability,
        method=worst.method,
        mask=_frame_mask(worst, faces, seen, extraction, spec),
        faces=faces,
        timeline=_timeline(extraction, seen),
        media=extraction.media,
        warnings=_without_doubles(
            extraction.media.warnings
            + worst.reasons
            + _doubts(worst)
            + _suspects(worst, faces, spec)
        ),
    )


def _people_judged(tracks: Iterable[Sequence[Seen]]) -> int:
    """How many people are judged: not faces, as one person may be a new face after every cut."""
    judged = (
        track
        for track in tracks
        if seen_well([each.good for each in track], track[0].crop.crowded_out)
    )
    return len({track[0].crop.person for track in judged})


def _tracks(
    extraction: Extraction, evidence: Sequence[Evidence], spec: ModelSpec, rule: SupportRule
) -> dict[int, list[Seen]]:
    """All that was seen of each face, by track."""
    by_frame = stretches_of(extraction)
    tracks: dict[int, list[Seen]] = defaultdict(list)
    for crop, item in zip(extraction.crops, evidence, strict=True):
        logit = fake_logit(item, spec.calibration)
        good = not rule.reasons(crop.quality)
        tracks[crop.track].append(Seen(crop, item, logit, by_frame[crop.frame_index], good))
    return {track: _put_together(tracks[track]) for track in sorted(tracks)}


def _put_together(seen: Sequence[Seen]) -> list[Seen]:
    """One track, its logits as its frames together tell them, and which of these have a vote."""
    good = [each.good for each in seen]
    keys = [each.crop.in_key_frame for each in seen]
    logits = levelled_where_good([each.logit for each in seen], keys, good)
    voters = voters_among(good, seen[0].crop.crowded_out)
    return [
        replace(each, logit=logits[place], votes=place in voters) for place, each in enumerate(seen)
    ]


def _worst(faces: Sequence[FaceFinding], glimpsed: Container[int], spec: ModelSpec) -> FaceFinding:
    """The face that decides: among those good enough to judge, where there is one.

    glimpsed: the tracks of faces that were seen well at least once. One that looks manipulated
    leaves the upload open though it cannot be judged: nobody else's face speaks for it.
    """
    candidates = [
        face
        for face in faces
        if face.supported or (face.track in glimpsed and _looks_manipulated(face, spec))
    ] or list(faces)
    return max(candidates, key=lambda face: (_GRAVITY[face.verdict], face.fake_probability))


def _doubts(face: FaceFinding) -> tuple[str, ...]:
    """What may be why the model could not decide."""
    return face.quality.warnings if face.verdict == "inconclusive" else ()


def _suspects(worst: FaceFinding, faces: Sequence[FaceFinding], spec: ModelSpec) -> tuple[str, ...]:
    """Why faces were left open that look manipulated, where the report acquits."""
    if worst.verdict != "authentic":
        return ()
    suspect = (face for face in faces if _looks_manipulated(face, spec))
    return tuple(reason for face in suspect for reason in face.reasons)


def _looks_manipulated(face: FaceFinding, spec: ModelSpec) -> bool:
    return face.fake_probability >= spec.thresholds.manipulated


def _without_doubles(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _frame_mask(
    worst: FaceFinding,
    faces: Sequence[FaceFinding],
    seen: Sequence[Seen],
    extraction: Extraction,
    spec: ModelSpec,
) -> MaskFinding:
    """The masks of all suspect faces of the worst one's frame, at the frame's full size."""
    frame_index = worst.mask.frame_index
    width, height = extraction.media.width, extraction.media.height
    frame = np.zeros((height, width), np.uint8)
    # What a report acquits shows no more than what its warnings speak of.
    suspects = {
        face.track
        for face in faces
        if face.verdict != "authentic"
        and (worst.verdict != "authentic" or _looks_manipulated(face, spec))
    }
    for each in seen:
        if each.crop.frame_index == frame_index and each.crop.track in suspects:
            draw_into_frame(frame, each.crop.crop_to_frame, each.raw_mask, spec.thresholds.mask)
    return MaskFinding(frame, frame_index, Box(0, 0, width, height), area_fraction(frame))


def _timeline(extraction: Extraction, seen: Sequence[Seen]) -> tuple[TimelinePoint, ...]:
    faces = defaultdict(list)
    for each in seen:
        faces[each.crop.frame_index].append(each.sighting())
    return tuple(
        TimelinePoint(index, time_s, until_s, tuple(faces[index]))
        for index, time_s, until_s in extraction.frames
    )
