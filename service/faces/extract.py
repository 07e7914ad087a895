"""One upload to face crops, in one hop through a media worker."""

import hashlib
from dataclasses import dataclass, replace

import cv2

from service.errors import MediaTooLargeError
from service.faces.crop import Box, FaceCrop, cut_square, sharpen_crop
from service.faces.detection import Detection
from service.faces.extraction import Extraction
from service.faces.finder import face_finder
from service.faces.looks import look_at
from service.faces.people import People
from service.faces.plan import DetectorPlan, ExtractionPlan
from service.faces.quality import measure
from service.faces.track import Sight
from service.faces.tracks import Tracker
from service.media.animated_webp import AnimatedWebp
from service.media.clips import Clip
from service.media.frame import Frame
from service.media.info import MediaInfo
from service.media.moving import open_moving
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from service.media.stretches import Interval, stretches
from service.media.upload import Upload

# Faces looked at closely before the largest, or of a clip the most present, are chosen, in
# multiples of those kept: the pass that finds them tells their sizes coarsely.
_SPARE_FACES = 2
# Of the faces left out of a clip's frame the largest: to see how one looks takes some 0.2 ms.
_MOST_LEFT_OUT = 512
# Of fewer frames of a clip none can contradict its neighbours on both sides.
_FEW_FRAMES = 3


def warm_up(plan: DetectorPlan) -> None:
    """Build what a worker needs once, so that the first upload does not wait for it."""
    cv2.setNumThreads(1)
    face_finder(plan)


def extract(upload: Upload, plan: ExtractionPlan) -> Extraction:
    """Decode an upload, find and follow its faces, and cut them out.

    Runs in a media worker. A picture's faces come largest first, each with a track of its own,
    from 0; a clip's tracks are numbered by their presence, size times duration.

    Raises InvalidRequestError (empty), UnsupportedMediaError, MediaTooLargeError,
    MediaCorruptError; MemoryError where the worker's limit is passed.
    """
    try:
        return _extract(upload, plan)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise


def _extract(upload: Upload, plan: ExtractionPlan) -> Extraction:
    data = upload.data
    if len(data) > plan.limits.max_bytes:
        raise MediaTooLargeError(
            f"The file is larger than {plan.limits.max_bytes} bytes", limit="bytes"
        )
    media_format = sniff(data)
    if media_format.family == "picture":
        taken = _from_picture(decode_picture(media_format.name, data, plan.limits), plan)
    else:
        taken = _from_clip(open_moving(media_format.name, data, plan.limits), plan)
    moves = taken.frames_total > 1
    media = MediaInfo(
        kind="video" if moves else "image",
        format=media_format.name,
        width=taken.size[0],
        height=taken.size[1],
        duration_s=taken.duration_s if moves else None,
        frames_total=taken.frames_total,
        frames_analyzed=len(taken.frames),
        sha256=hashlib.sha256(data).hexdigest(),
        warnings=_warnings(taken),
    )
    return Extraction(media, taken.crops, taken.frames)


@dataclass(frozen=True, slots=True)
class _Taken:
    size: tuple[int, int]
    crops: tuple[FaceCrop, ...]
    frames: tuple[tuple[int, float, float], ...]
    frames_total: int = 1
    duration_s: float = 0.0
    truncated: bool = False
    tracks_left_out: bool = False
    frames_shrunk: bool = False
    faces_left_out: bool = False


def _warnings(taken: _Taken) -> tuple[str, ...]:
    checks = {
        "truncated": taken.truncated,
        "few_frames": len(taken.frames) < min(_FEW_FRAMES, taken.frames_total),
        "tracks_left_out": taken.tracks_left_out,
        "frames_shrunk": taken.frames_shrunk,
        "faces_left_out": taken.faces_left_out,
    }
    return tuple(code for code, applies in checks.items() if applies)


def _from_picture(frame: Frame, plan: ExtractionPlan) -> _Taken:
    found = face_finder(plan.detector).find(frame.pixels, _SPARE_FACES * plan.max_faces)
    boxes = [face.box for face in found.faces]
    kept = found.faces[: plan.max_faces]
    crops = tuple(_cut(frame, face, track, boxes, plan) for track, face in enumerate(kept))
    return _Taken(
        _size(frame),
        crops,
        ((frame.index, frame.time_s, frame.until_s),),
        faces_left_out=len(found.faces) > len(kept) or len(found.left_out) > 0,
    )


def _from_clip(clip: Clip | AnimatedWebp, plan: ExtractionPlan) -> _Taken:
    finder, tracker, people = face_finder(plan.detector), Tracker(), People()
    crops: list[FaceCrop] = []
    frames: list[tuple[int, float, float]] = []
    shown: list[Interval] = []
    size = (clip.width, clip.height)
    left_out = False
    for frame in clip.frames(plan.frames):
        size = _size(frame)
        found = finder.find(frame.pixels, _SPARE_FACES * plan.max_faces)
        left_out = left_out or len(found.left_out) > 0
        boxes = [face.box for face in found.faces]
        looks = [look_at(frame.pixels, box) for box in boxes]
        others = found.left_out[:_MOST_LEFT_OUT]
        shown.append(Interval(frame.time_s, frame.until_s))
        tracks = tracker.update(
            shown[-1],
            [*map(Sight, found.faces, looks)],
            [Sight(face, look_at(frame.pixels, face.box)) for face in others],
        )
        people.update(frame.index, tracks, looks)
        crops += [
            _cut(frame, face, track, boxes, plan)
            for face, track in zip(found.faces, tracks, strict=True)
        ]
        frames.append((frame.index, frame.time_s, frame.until_s))
    seconds = [stretch.seconds for stretch in stretches(shown, clip.duration_s)]
    room = tracker.keep(plan.max_faces, seconds)
    persons = people.number(room.crowded_out)
    places = {index: place for place, (index, _, _) in enumerate(frames)}
    kept = [
        replace(
            crop,
            track=room.numbers[spot],
            person=persons[crop.track],
            crowded_out=room.crowded_out[crop.track],
        )
        for crop in crops
        if (spot := (crop.track, places[crop.frame_index])) in room.numbers
    ]
    return _Taken(
        size,
        tuple(sorted(kept, key=lambda c: (c.frame_index, c.track))),
        tuple(frames),
        clip.frames_total,
        clip.duration_s,
        clip.truncated,
        clip.others,
        clip.shrunk,
        left_out or len(kept) < len(crops),
    )


def _cut(
    frame: Frame, face: Detection, track: int, boxes: list[Box], plan: ExtractionPlan
) -> FaceCrop:
    pixels, crop_to_frame = cut_square(frame.pixels, face.box, plan.crop, face.roll)
    return FaceCrop(
        frame_index=frame.index,
        time_s=frame.time_s,
        box=face.box,
        track=track,
        person=track,
        detection_score=face.score,
        crop_to_frame=crop_to_frame,
        quality=measure(
            pixels,
            face.box,
            face.landmarks,
            frame.pixels,
            others=boxes,
            crop_to_frame=crop_to_frame,
        ),
        pixels=sharpen_crop(pixels, crop_to_frame, plan.crop),
        in_key_frame=frame.key,
    )


def _size(frame: Frame) -> tuple[int, int]:
    height, width = frame.pixels.shape[:2]
    return width, height
