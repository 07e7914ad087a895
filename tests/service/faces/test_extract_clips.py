"""Clips to face crops: whose faces, in which frames, and what limits them."""

import dataclasses
import io

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.extract import extract
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.media.upload import Upload
from tests.media_files import animated, clip, face_at, moving
from tests.service.media.test_changing_size import joined

Pixels = NDArray[np.uint8]
PLAN = ExtractionPlan()


def taken(data: bytes, plan: ExtractionPlan = PLAN) -> Extraction:
    return extract(Upload(data), plan)


@pytest.fixture(scope="module")
def head(astronaut: Pixels) -> Pixels:
    return astronaut[10:230, 120:330]


@pytest.fixture(scope="module")
def walking_clip(head: Pixels) -> bytes:
    """Two people walking towards each other; the left one is not seen in two of the frames."""
    frames = []
    for number in range(16):
        frame = np.full((360, 960, 3), 110, np.uint8)
        if number not in (6, 7):
            frame = face_at(frame, head, 20 + 8 * number, 40)
        frames.append(face_at(frame, head[::2, ::2], 800 - 6 * number, 100))
    return clip(frames, audio=True)


def test_a_clip_keeps_its_people_apart_through_time(walking_clip: bytes) -> None:
    got = taken(walking_clip)
    assert (got.media.kind, got.media.frames_total) == ("video", 16)
    assert got.media.duration_s == pytest.approx(0.64, abs=0.05)
    assert [index for index, _, _ in got.frames] == list(range(16))
    assert [until_s for _, _, until_s in got.frames] == pytest.approx(
        [*(time_s for _, time_s, _ in got.frames[1:]), got.media.duration_s or 0.0]
    )
    by_track = {
        track: [crop for crop in got.crops if crop.track == track]
        for track in {crop.track for crop in got.crops}
    }
    assert set(by_track) == {0, 1}
    large, small = by_track[0], by_track[1]
    assert {crop.frame_index for crop in large} == set(range(16)) - {6, 7}
    assert len(small) >= 14
    assert min(crop.box.width for crop in large) > 1.5 * max(crop.box.width for crop in small)
    order = [(crop.frame_index, crop.track) for crop in got.crops]
    assert order == sorted(order)
    assert {(crop.track, crop.person) for crop in got.crops} == {(0, 0), (1, 1)}


def test_a_small_face_is_found_in_whichever_frames_it_is(head: Pixels) -> None:
    empty = np.full((1080, 1920, 3), 110, np.uint8)
    small = np.asarray(
        cv2.resize(head, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8
    )
    shown = face_at(empty, small, 900, 400)
    frames = [shown if number in (5, 6, 7) else empty for number in range(16)]
    assert [crop.frame_index for crop in taken(clip(frames)).crops] == [5, 6, 7]


def test_a_cut_to_somebody_else_at_the_same_place_is_another_track(head: Pixels) -> None:
    """The other one is lit from the other side, before a light wall."""
    light = np.linspace(0.15, 1.2, head.shape[1])[None, :, None]
    left, right = (
        np.clip(head * each, 0, 255).astype(np.uint8) for each in (light, light[:, ::-1])
    )
    one = face_at(np.full((360, 480, 3), 20, np.uint8), left, 100, 30)
    other = face_at(np.full((360, 480, 3), 250, np.uint8), right, 100, 30)
    frames, times_ms = [one] * 4 + [other] * 4 + [one] * 4, range(0, 2400, 200)
    crops = taken(clip(frames, times_ms=times_ms, keyframe_every=4)).crops
    shots = [{crop.track for crop in crops[start : start + 4]} for start in (0, 4, 8)]
    assert len(crops) == 12
    assert [len(tracks) for tracks in shots] == [1, 1, 1]
    assert len(set.union(*shots)) == 3
    first, second, third = ({crop.person for crop in crops[at : at + 4]} for at in (0, 4, 8))
    assert first == third, "who is cut back to"
    assert {0, 1} == first | second


def test_crops_say_whether_their_frames_are_stored_by_themselves(
    walking_clip: bytes, astronaut_jpeg: bytes
) -> None:
    keys = {crop.frame_index: crop.in_key_frame for crop in taken(walking_clip).crops}
    assert {index for index, key in keys.items() if key} == {0, 12}
    assert all(crop.in_key_frame for crop in taken(astronaut_jpeg).crops)


def test_a_clip_gives_as_many_frames_and_tracks_as_asked(walking_clip: bytes) -> None:
    got = taken(walking_clip, dataclasses.replace(PLAN, frames=5, max_faces=1))
    assert got.media.frames_analyzed == len(got.frames) == 5
    assert {crop.track for crop in got.crops} == {0}
    assert len(got.crops) == 5
    assert got.media.warnings == ("faces_left_out",)
    assert taken(walking_clip, dataclasses.replace(PLAN, frames=5)).media.warnings == ()


def test_who_is_covered_for_a_moment_is_one_person_however_many_frames_are_looked_at(
    head: Pixels,
) -> None:
    empty = np.full((300, 300, 3), 110, np.uint8)
    shown = face_at(empty, head, 40, 30)
    frames = [empty if 8 <= number < 13 else shown for number in range(20)]
    crops = taken(clip(frames), dataclasses.replace(PLAN, frames=20)).crops
    assert [crop.track for crop in crops] == [0] * 15


def test_who_was_alone_is_looked_at_though_larger_faces_come_later(head: Pixels) -> None:
    frames = []
    for number in range(16):
        frame = face_at(np.full((360, 640, 3), 110, np.uint8), head[::2, ::2], 20 + number, 100)
        frames.append(face_at(frame, head, 350, 40) if number >= 6 else frame)
    got = taken(clip(frames), dataclasses.replace(PLAN, max_faces=1))
    assert [(crop.frame_index, crop.track) for crop in got.crops] == [
        *((number, 1) for number in range(6)),
        *((number, 0) for number in range(6, 16)),
    ]
    assert got.media.warnings == ("faces_left_out",)
    assert len(taken(clip(frames)).crops) == 26


def test_who_is_not_even_looked_at_in_a_crowd_is_not_judged_by_a_frame_with_room(
    head: Pixels,
) -> None:
    alone = face_at(np.full((360, 800, 3), 110, np.uint8), head[::2, ::2], 20, 100)
    crowd = face_at(face_at(alone, head, 200, 40), head, 500, 40)
    frames = [alone if number == 7 else crowd for number in range(16)]
    got = taken(clip(frames), dataclasses.replace(PLAN, max_faces=1))
    assert [crop.frame_index for crop in got.crops] == [*range(7), *range(8, 16)]
    assert {crop.track for crop in got.crops} == {0}
    assert got.media.warnings == ("faces_left_out",)


@pytest.mark.parametrize(("frames", "warnings"), [(2, ("few_frames",)), (3, ())])
def test_few_frames_of_a_longer_clip_are_a_warning(
    walking_clip: bytes, frames: int, warnings: tuple[str, ...]
) -> None:
    got = taken(walking_clip, dataclasses.replace(PLAN, frames=frames))
    assert got.media.warnings == warnings


def test_animations_are_clips_and_a_gif_of_one_frame_is_a_picture(astronaut: Pixels) -> None:
    frames = moving(astronaut[:300], 4)
    for kind in ("GIF", "WEBP"):
        got = taken(animated(frames, [50] * 4, kind))
        assert (got.media.kind, got.media.frames_analyzed) == ("video", 4)
        assert len(got.crops) == 4
    single = taken(animated(frames[:1], [50], "GIF"))
    assert (single.media.kind, single.media.duration_s) == ("image", None)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_further_video_tracks_are_told(container: str, astronaut: Pixels) -> None:
    frames = moving(astronaut[:300], 12)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        tracks = [output.add_stream("libx264", rate=25, options={"crf": "18"}) for _ in range(2)]
        for track in tracks:
            assert isinstance(track, av.VideoStream)
            track.width, track.height = 512, 300
        for track, side in zip(tracks, (1, -1), strict=True):
            assert isinstance(track, av.VideoStream)
            # As in a mirror: where the face is tells which was read.
            for frame in frames:
                shown = np.ascontiguousarray(frame[:, ::side])
                output.mux(track.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
            output.mux(track.encode(None))
    got = taken(buffer.getvalue())
    assert got.media.warnings == ("tracks_left_out",)
    alone = taken(clip(frames, "mp4"))
    assert alone.media.warnings == ()
    assert [crop.box.x for crop in got.crops] == pytest.approx(
        [crop.box.x for crop in alone.crops], abs=10
    )


def test_a_clip_cut_off_is_analysed_with_a_warning(astronaut: Pixels) -> None:
    data = clip(moving(astronaut[:300], 25), "mkv", keyframe_every=5)
    got = taken(data[: len(data) // 2])
    assert got.media.warnings == ("truncated",)
    assert got.crops


def test_a_turned_clip_has_the_size_in_which_it_is_shown(astronaut: Pixels) -> None:
    lying = [np.ascontiguousarray(np.rot90(each, -1)) for each in moving(astronaut[:300], 4)]
    got = taken(clip(lying, rotation=90))
    assert (got.media.width, got.media.height) == (512, 300)
    assert len(got.crops) == 4


def test_a_face_that_is_shrunk_with_its_frames_is_warned_of(astronaut: Pixels) -> None:
    """A stream may begin with frames of a few pixels, at whose size no face is seen."""
    assert taken(joined(astronaut)).media.warnings == ()
    for size in ((16, 16), (1600, 128), (128, 1600)):
        first = np.asarray(cv2.resize(astronaut, size, interpolation=cv2.INTER_AREA), np.uint8)
        got = taken(joined(first, astronaut, astronaut))
        assert got.media.warnings == ("frames_shrunk",)
