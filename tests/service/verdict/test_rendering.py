"""Overlays show the mask where it belongs, on the very frames that were analysed."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.errors import MediaCorruptError
from service.faces.extract import extract
from service.faces.plan import ExtractionPlan
from service.media.limits import MediaLimits
from service.media.upload import Upload
from service.verdict.findings import Report, TimelinePoint
from service.verdict.label import in_corner
from service.verdict.overlay import draw_overlay
from service.verdict.rendering import RenderPlan, plan_rendering, render_frame, render_overlay
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.media_files import animated, clip, encode, moving
from tests.service.verdict.faces import SPEC, block, evidence, extraction

Pixels = NDArray[np.uint8]
WHOLE = block(0, 0, 256, 256)
SPEC_HERE = replace(SPEC, methods=())


def reported(
    data: bytes, logit: float, frames: int = 16, mask: Pixels = WHOLE
) -> tuple[Upload, Report, RenderPlan]:
    """An upload judged with one logit everywhere, and one mask."""
    upload = Upload(data)
    taken = extract(upload, ExtractionPlan(frames=frames))
    found = [evidence(logit, mask) for _ in taken.crops]
    report = build_report(taken, found, SPEC_HERE, SupportRule(32, 1.0))
    return upload, report, plan_rendering(report, MediaLimits(), frames, 128)


def animation(data: bytes) -> tuple[list[Pixels], list[int]]:
    pictures, durations = [], []
    with Image.open(io.BytesIO(data)) as opened:
        for number in range(getattr(opened, "n_frames", 1)):
            opened.seek(number)
            opened.load()
            pictures.append(np.asarray(opened.convert("RGB"), np.uint8))
            durations.append(int(opened.info.get("duration", 0)))
    return pictures, durations


def redness(pixels: Pixels) -> NDArray[np.float64]:
    return np.asarray(pixels[:, :, 0] - pixels[:, :, 1:].mean(2), np.float64)


@pytest.mark.parametrize(("logit", "label"), [(-9.0, "0: <1%"), (0.0, "0: 50%"), (9.0, "0: >99%")])
def test_no_label_says_that_a_face_is_certainly_one_or_the_other(
    astronaut: Pixels, logit: float, label: str
) -> None:
    _, _, plan = reported(encode(astronaut), logit)
    assert [mark.label for mark in plan.marks[0]] == [label]


def test_a_picture_becomes_a_still_with_its_mask(astronaut: Pixels) -> None:
    upload, report, plan = reported(encode(astronaut, ".png"), 5.0)
    (drawn,), _ = animation(render_overlay(upload, plan))
    assert drawn.shape == astronaut.shape
    square = report.faces[0].mask.box
    more = redness(drawn) - redness(astronaut)
    x, y, side = round(square.x), round(square.y), round(square.width)
    assert more[y + 6 : y + side - 6, x + 6 : x + side - 6].mean() > 40
    assert abs(more[y + side + 8 :].mean()) < 4


def test_what_is_below_the_level_of_masks_is_not_tinted(astronaut: Pixels) -> None:
    upload, report, plan = reported(encode(astronaut, ".png"), 5.0, mask=WHOLE // 2)
    (still,), _ = animation(render_overlay(upload, plan))
    frame = cv2.imdecode(np.frombuffer(render_frame(upload, plan, 0), np.uint8), 1)
    assert frame is not None
    box = report.faces[0].box
    x, y = round(box.x + box.width / 2), round(box.y + box.height / 2)
    middle = slice(y - 20, y + 20), slice(x - 20, x + 20)
    for drawn in (still, np.asarray(frame[:, :, ::-1], np.uint8)):
        assert abs((redness(drawn) - redness(astronaut))[middle].mean()) < 4


def test_an_authentic_face_is_framed_but_not_tinted(astronaut: Pixels) -> None:
    upload, report, plan = reported(encode(astronaut, ".png"), -5.0)
    (drawn,), _ = animation(render_overlay(upload, plan))
    box = report.faces[0].box
    x, y = round(box.x + box.width / 2), round(box.y + box.height / 2)
    assert abs((redness(drawn) - redness(astronaut))[y - 20 : y + 20, x - 20 : x + 20].mean()) < 4
    edge = drawn[round(box.y + box.height), x].astype(int)
    assert edge[1] > edge[0] + 40


def test_a_large_picture_is_made_smaller_and_its_mask_with_it(astronaut: Pixels) -> None:
    large = np.asarray(cv2.resize(astronaut, (4096, 4096)), np.uint8)
    upload, report, plan = reported(encode(large), 5.0)
    (drawn,), _ = animation(render_overlay(upload, plan))
    assert drawn.shape == (2048, 2048, 3)
    square = report.faces[0].mask.box
    x, y, side = (round(value / 2) for value in (square.x, square.y, square.width))
    half = np.asarray(cv2.resize(astronaut, (2048, 2048)), np.uint8)
    more = redness(drawn) - redness(half)
    assert more[y + 20 : y + side - 20, x + 20 : x + side - 20].mean() > 40
    assert abs(more[y + side + 20 :].mean()) < 4


@pytest.mark.parametrize("kind", ["mp4", "webm", "WEBP"])
def test_a_clip_becomes_an_animation_of_the_analysed_frames(astronaut: Pixels, kind: str) -> None:
    frames = moving(astronaut[:320, 60:380], 12, step=10)
    data = animated(frames, [200] * 12, "WEBP") if kind == "WEBP" else clip(frames, kind)
    upload, report, plan = reported(data, 5.0, frames=4)
    drawn, durations = animation(render_overlay(upload, plan))
    assert len(drawn) == len(report.timeline) == 4
    assert all(100 <= shown <= 500 for shown in durations)
    for picture, point in zip(drawn, report.timeline, strict=True):
        analysed = frames[point.frame_index]
        below = slice(200, 300)  # nothing is drawn there
        difference = picture[below, 40:].astype(int) - analysed[below, 40:].astype(int)
        assert np.abs(difference).mean() < 14
        (seen,) = point.faces
        x, y = round(seen.box.x + seen.box.width / 2), round(seen.box.y + seen.box.height / 2)
        middle = slice(y - 15, y + 15), slice(x - 15, x + 15)
        assert (redness(picture) - redness(analysed))[middle].mean() > 30


def test_slow_clips_are_not_slow_to_watch(astronaut: Pixels) -> None:
    frames = moving(astronaut[:320, 60:380], 3)
    upload, report, plan = reported(clip(frames, "mkv", times_ms=[0, 5000, 10000]), 5.0)
    _, durations = animation(render_overlay(upload, plan))
    assert durations == [500] * len(report.timeline)


def test_a_frame_is_shown_with_its_time_until_the_next_but_not_too_briefly(
    astronaut: Pixels,
) -> None:
    frames = moving(astronaut[:320, 60:380], 4)
    upload, _, plan = reported(clip(frames, "mkv", times_ms=[0, 40, 1000, 1300]), 5.0)
    drawn, durations = animation(render_overlay(upload, plan))
    assert durations == [100, 500, 300, 300]
    told = draw_overlay(np.asarray(frames[-1], np.uint8), (), 128, "1.30 s")
    strip = in_corner("1.30 s", (0, 0, 0), (320, 320)).strip
    corner = slice(int(strip.y), None), slice(int(strip.width))
    assert np.abs(drawn[-1][corner].astype(int) - told[corner]).mean() < 14
    assert np.abs(frames[-1][corner].astype(int) - told[corner]).mean() > 30


@pytest.mark.parametrize("rate", [25, 1000])
def test_a_still_has_as_many_frames_as_were_analysed(astronaut: Pixels, rate: int) -> None:
    """What is drawn alike, the encoder makes one."""
    still = [np.ascontiguousarray(astronaut[:320, 60:380])] * 24
    times = [1000 * number // rate for number in range(24)]
    upload, report, plan = reported(clip(still, "mkv", times_ms=times), 5.0)
    drawn, durations = animation(render_overlay(upload, plan))
    assert len(drawn) == len(durations) == len(report.timeline) == 16


@pytest.mark.parametrize(
    ("times_s", "notes"),
    [
        ((0.0, 0.5, 1.25), ["0.0 s", "0.5 s", "1.2 s"]),
        ((0.0, 0.04, 1.0), ["0.00 s", "0.04 s", "1.00 s"]),
        ((0.0, 0.004, 60.0), ["0.000 s", "0.004 s", "60.000 s"]),
        ((0.0, 0.0001, 0.0002), ["0, 0.000 s", "5, 0.000 s", "10, 0.000 s"]),
    ],
)
def test_what_is_written_on_frames_tells_neighbours_apart(
    times_s: tuple[float, ...], notes: list[str]
) -> None:
    report = build_report(extraction([], frames=3), [], SPEC, SupportRule(32, 1.0))
    points = (TimelinePoint(5 * i, time_s, time_s, ()) for i, time_s in enumerate(times_s))
    plan = plan_rendering(replace(report, timeline=tuple(points)), MediaLimits(), 3, 128)
    assert plan.notes == {0: notes[0], 5: notes[1], 10: notes[2]}


def test_one_frame_comes_at_its_full_size_and_an_animation_at_960_pixels(astronaut: Pixels) -> None:
    frames = moving(np.asarray(cv2.resize(astronaut, (1200, 1200)), np.uint8), 4)
    upload, report, plan = reported(clip(frames), 5.0)
    assert report.mask is not None
    drawn = cv2.imdecode(np.frombuffer(render_frame(upload, plan, 2), np.uint8), 1)
    assert drawn is not None
    assert drawn.shape == (1200, 1200, 3)
    shown, box = np.asarray(drawn[:, :, ::-1], np.uint8), report.timeline[2].faces[0].box
    x, y = round(box.x + box.width / 2), round(box.y + box.height / 2)
    more = redness(shown) - redness(frames[2])
    assert more[y - 40 : y + 40, x - 40 : x + 40].mean() > 30
    assert np.abs(shown[900:, 300:].astype(int) - frames[2][900:, 300:]).mean() < 14
    assert animation(render_overlay(upload, plan))[0][0].shape == (960, 960, 3)
    with pytest.raises(MediaCorruptError):
        render_frame(upload, plan, 99)


def test_without_a_face_the_frames_are_shown_as_they_are() -> None:
    grey = np.full((90, 120, 3), 99, np.uint8)
    upload, _, plan = reported(encode(grey, ".png"), 5.0)
    (drawn,), _ = animation(render_overlay(upload, plan))
    assert np.abs(drawn.astype(int) - 99).max() <= 3
