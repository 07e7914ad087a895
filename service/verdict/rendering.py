"""A report drawn on what was uploaded: as one picture, or as an animation.

Frames never leave the media workers, so a worker decodes the upload again and is given what to
draw; the same sampling finds the same frames.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import MediaCorruptError
from service.faces import extract
from service.faces.plan import DetectorPlan
from service.media.frame import Frame
from service.media.limits import MediaLimits
from service.media.moving import open_moving
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from service.media.upload import Upload
from service.verdict.findings import Report, TimelinePoint
from service.verdict.mask import encode_grey_png
from service.verdict.overlay import Mark, draw_overlay

OVERLAY_TYPE = "image/webp"
"""Media type of overlays: every browser plays it, and it is made in memory."""

PICTURE_SIDE, CLIP_SIDE = 2048, 960
"""Pixels. The most that a still, and an animation, is wide or high."""
_QUALITY = 85
# Sampled frames may lie a minute apart; nobody wants to look at each for a minute.
_SHORTEST_S, _LONGEST_S = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """What a worker is to draw.

    frames: how many frames of a clip were asked for when it was analysed.
    threshold: grey level from which a mask says manipulated.
    marks, notes: by frame index; a clip's notes differ from frame to frame.
    """

    limits: MediaLimits
    frames: int
    threshold: int
    marks: Mapping[int, tuple[Mark, ...]]
    notes: Mapping[int, str]


def warm_up(plan: DetectorPlan) -> None:
    """As `extract.warm_up`, in workers that draw as well: this loads what drawing takes."""
    extract.warm_up(plan)


def plan_rendering(report: Report, limits: MediaLimits, frames: int, threshold: int) -> RenderPlan:
    """Choose what to draw of a report. Encodes PNGs: call it off the event loop."""
    verdicts = {face.track: face.verdict for face in report.faces}
    marks = {
        point.frame_index: tuple(
            Mark(
                verdict=verdicts[seen.track],
                label=f"{seen.track}: {_percent(seen.fake_probability)}",
                box=seen.box,
                mask_png=None
                if verdicts[seen.track] == "authentic"
                else encode_grey_png(seen.mask),
                crop_to_frame=seen.crop_to_frame,
            )
            for seen in point.faces
        )
        for point in report.timeline
    }
    notes = _notes(report.timeline) if report.media.kind == "video" else {}
    return RenderPlan(limits, frames, threshold, marks, notes)


def _notes(timeline: Sequence[TimelinePoint]) -> dict[int, str]:
    """When each frame is shown: in tenths of seconds, or as finely as tells neighbours apart.

    Of frames that are drawn alike the encoder makes one, and an animation would have fewer than its
    timeline. Where thousandths do not tell them apart the frame's index does.
    """
    for decimals in (1, 2, 3):
        told = [f"{point.time_s:.{decimals}f} s" for point in timeline]
        if all(before != after for before, after in pairwise(told)):
            break
    else:
        told = [f"{point.frame_index}, {point.time_s:.3f} s" for point in timeline]
    return {point.frame_index: note for point, note in zip(timeline, told, strict=True)}


def render_frame(upload: Upload, plan: RenderPlan, index: int) -> bytes:
    """One frame with its marks, at its full size, as a JPEG. Runs in a media worker.

    Raises what decoding raises, MediaCorruptError also where the frame is not found again.
    """
    for frame, _ in _frames(upload, plan):
        if frame.index == index:
            drawn = draw_overlay(frame.pixels, plan.marks.get(index, ()), plan.threshold)
            _, data = cv2.imencode(".jpg", drawn[:, :, ::-1])
            return data.tobytes()
    raise MediaCorruptError("The frame cannot be decoded a second time")


def render_overlay(upload: Upload, plan: RenderPlan) -> bytes:
    """All analysed frames with their marks, as a WebP. Runs in a media worker.

    A picture becomes a still, at most 2048 pixels wide or high; a clip an animation, at most
    960. Each frame is shown until the next was taken, but for 0.1 to 0.5 seconds.
    Raises what decoding raises.
    """
    pictures: list[NDArray[np.uint8]] = []
    times: list[float] = []
    for frame, moves in _frames(upload, plan):
        longest = max(frame.pixels.shape[:2])
        scale = min(1.0, (CLIP_SIDE if moves else PICTURE_SIDE) / longest)
        marks = [mark.scaled(scale) for mark in plan.marks.get(frame.index, ())]
        note = plan.notes.get(frame.index, "")
        drawn = draw_overlay(_resized(frame.pixels, scale), marks, plan.threshold, note)
        pictures.append(np.ascontiguousarray(drawn[:, :, ::-1]))
        times.append(frame.time_s)
    quality = [cv2.IMWRITE_WEBP_QUALITY, _QUALITY]
    if len(pictures) == 1:
        encoded, data = cv2.imencode(".webp", pictures[0], quality)
    else:
        animation = cv2.Animation()
        animation.frames = pictures
        animation.durations = _durations_ms(times)
        encoded, data = cv2.imencodeanimation(".webp", animation, quality)
    if not encoded:
        raise MediaCorruptError("The overlay cannot be drawn")
    return np.asarray(data).tobytes()


def _frames(upload: Upload, plan: RenderPlan) -> Iterator[tuple[Frame, bool]]:
    """The analysed frames, and whether they move."""
    media_format = sniff(upload.data)
    if media_format.family == "picture":
        yield decode_picture(media_format.name, upload.data, plan.limits), False
        return
    moving = open_moving(media_format.name, upload.data, plan.limits)
    yield from ((frame, True) for frame in moving.frames(plan.frames))


def _resized(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale >= 1.0:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _durations_ms(times: list[float]) -> list[int]:
    steps = [after - before for before, after in pairwise(times)]
    return [round(1000 * min(max(step, _SHORTEST_S), _LONGEST_S)) for step in (*steps, steps[-1])]


def _percent(share: float) -> str:
    """Rounded, but never as certain as 0 or 100."""
    least, most = 0.01, 0.99
    if share < least:
        return "<1%"
    return ">99%" if share > most else f"{share:.0%}"
