"""One upload in, face crops out: pictures and clips, here and in a worker."""

import asyncio
import dataclasses
import functools
import hashlib

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import (
    InvalidRequestError,
    MediaCorruptError,
    MediaTooLargeError,
    UnmaskError,
    UnsupportedMediaError,
)
from service.faces.crop import CropRule, sharpen_crop
from service.faces.detection import overlap
from service.faces.extract import extract, warm_up
from service.faces.extraction import ANSWERS, Extraction
from service.faces.finder import face_finder
from service.faces.plan import ExtractionPlan
from service.media.limits import MediaLimits
from service.media.upload import Upload
from service.media.workers import MediaWorkers
from tests.media_files import encode, face_at, with_orientation
from tests.service.faces.test_finder import scene

Pixels = NDArray[np.uint8]
PLAN = ExtractionPlan()
GIB = 2**30


def taken(data: bytes, plan: ExtractionPlan = PLAN) -> Extraction:
    return extract(Upload(data), plan)


@pytest.fixture(scope="module")
def head(astronaut: Pixels) -> Pixels:
    return astronaut[10:230, 120:330]


def test_a_picture(astronaut_jpeg: bytes) -> None:
    got = taken(astronaut_jpeg)
    (crop,) = got.crops
    assert (crop.frame_index, crop.time_s, crop.track) == (0, 0.0, 0)
    assert crop.pixels.shape == (256, 256, 3)
    assert crop.pixels.dtype == np.uint8
    assert crop.quality.warnings == ()
    media = got.media
    assert (media.kind, media.format, media.width, media.height) == ("image", "jpeg", 512, 512)
    assert (media.duration_s, media.frames_total, media.frames_analyzed) == (None, 1, 1)
    assert media.sha256 == hashlib.sha256(astronaut_jpeg).hexdigest()
    assert got.frames == ((0, 0.0, 0.0),)


def test_the_affine_leads_from_the_crop_back_to_the_frame(
    astronaut: Pixels, astronaut_jpeg: bytes
) -> None:
    (crop,) = taken(astronaut_jpeg).crops
    for u, v in ((0, 0), (128, 128), (255, 40), (77, 200)):
        x, y = crop.crop_to_frame @ (u, v, 1)
        seen = astronaut[round(y), round(x)].astype(int)
        assert np.abs(seen - crop.pixels[v, u].astype(int)).mean() < 30
    middle = crop.crop_to_frame @ (127.5, 127.5, 1)
    assert middle[0] == pytest.approx(crop.box.x + crop.box.width / 2, abs=1.5)
    assert middle[1] == pytest.approx(crop.box.y + crop.box.height / 2, abs=1.5)


def test_a_tilted_head_is_cut_upright(astronaut: Pixels) -> None:
    matrix = cv2.getRotationMatrix2D((225, 120), -30, 1.0)
    turned = cv2.warpAffine(astronaut, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT_101)
    picture = np.asarray(turned, np.uint8)
    (crop,) = taken(encode(picture)).crops
    assert crop.roll == pytest.approx(30, abs=12)
    (found,) = face_finder(PLAN.detector).find(picture, 1).faces
    (left_x, left_y), (right_x, right_y) = [
        np.linalg.inv(crop.crop_to_frame[:, :2]) @ (np.array(eye) - crop.crop_to_frame[:, 2])
        for eye in found.landmarks[:2]
    ]
    assert abs(np.degrees(np.arctan2(right_y - left_y, right_x - left_x))) < 10


def test_the_crop_rule_of_the_model_is_followed(astronaut_jpeg: bytes) -> None:
    plan = dataclasses.replace(PLAN, crop=CropRule(scale=2.0, size=128))
    (crop,) = taken(astronaut_jpeg, plan).crops
    assert crop.pixels.shape == (128, 128, 3)
    assert crop.crop_to_frame[0, 0] * 128 == pytest.approx(2 * crop.box.height, abs=1)


def test_a_picture_lying_on_its_side_is_turned_upright_first(astronaut: Pixels) -> None:
    upright = taken(encode(astronaut[:300])).crops[0]
    data = with_orientation(np.ascontiguousarray(np.rot90(astronaut[:300])), 6)
    got = taken(data)
    assert (got.media.width, got.media.height) == (512, 300)
    assert overlap(got.crops[0].box, upright.box) > 0.8


def test_faces_of_a_picture_come_largest_first(head: Pixels) -> None:
    picture = np.full((360, 960, 3), 110, np.uint8)
    picture = face_at(face_at(picture, head[::2, ::2], 30, 60), head, 400, 60)
    crops = taken(encode(picture)).crops
    assert [crop.track for crop in crops] == [0, 1]
    assert crops[0].box.width > 1.5 * crops[1].box.width
    assert "small_face" in crops[1].quality.warnings
    only = taken(encode(picture), dataclasses.replace(PLAN, max_faces=1))
    assert [crop.box for crop in only.crops] == [crops[0].box]
    assert only.media.warnings == ("faces_left_out",)
    assert taken(encode(picture), dataclasses.replace(PLAN, max_faces=2)).media.warnings == ()


def test_an_enlarged_face_is_sharpened_after_its_quality_was_measured(
    astronaut_jpeg: bytes,
) -> None:
    rule = CropRule(sharpening=4.0)
    plain = taken(astronaut_jpeg).crops[0]
    sharp = taken(astronaut_jpeg, dataclasses.replace(PLAN, crop=rule)).crops[0]
    assert np.array_equal(sharp.pixels, sharpen_crop(plain.pixels, plain.crop_to_frame, rule))
    assert sharp.pixels.astype(int).std() > plain.pixels.astype(int).std()
    assert sharp.quality == plain.quality


def test_a_picture_without_a_face_gives_no_crops() -> None:
    got = taken(encode(np.full((200, 300, 3), 127, np.uint8)))
    assert got.crops == ()
    assert got.frames == ((0, 0.0, 0.0),)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidRequestError),
        (b"just words, and more of them", UnsupportedMediaError),
        (b"\xff\xd8\xff\xe0" + bytes(100), MediaCorruptError),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(100), MediaCorruptError),
        (b"GIF89a" + bytes(40), MediaCorruptError),
    ],
)
def test_what_cannot_be_read_has_a_typed_error(data: bytes, error: type[UnmaskError]) -> None:
    with pytest.raises(error):
        taken(data)


def test_bytes_are_limited(astronaut_jpeg: bytes) -> None:
    plan = dataclasses.replace(PLAN, limits=MediaLimits(max_bytes=1000))
    with pytest.raises(MediaTooLargeError) as caught:
        taken(astronaut_jpeg, plan)
    assert caught.value.limit == "bytes"


def refusal_of_a_worker(memory_bytes: int, data: bytes, other: bytes) -> str:
    """What a worker with so much memory says of an upload, before it takes another one."""

    async def run() -> str:
        warmed = functools.partial(warm_up, PLAN.detector)
        workers = MediaWorkers(1, memory_bytes, warmed, ANSWERS)
        await workers.start()
        try:
            with pytest.raises(MediaCorruptError) as caught:
                await workers.run(extract, Upload(data), PLAN, timeout_s=10)
            whole = await workers.run(extract, Upload(other), PLAN, timeout_s=5)
            assert len(whole.crops) == 1
        finally:
            await workers.close()
        return caught.value.detail

    return asyncio.run(run())


def test_a_small_file_that_decodes_to_much_is_refused_and_costs_nothing(
    astronaut_jpeg: bytes,
) -> None:
    bomb = encode(np.zeros((6500, 6500, 3), np.uint8), ".png")
    assert len(bomb) < 2**20
    assert refusal_of_a_worker(160 * 2**20, bomb, astronaut_jpeg)


def test_a_detector_that_runs_out_of_memory_costs_its_own_request(astronaut_jpeg: bytes) -> None:
    large = encode(np.full((1000, 1280, 3), 110, np.uint8), ".jpg")
    assert "memory" in refusal_of_a_worker(150 * 2**20, large, astronaut_jpeg)


def test_a_face_behind_another_is_said_to_be_covered(astronaut: Pixels) -> None:
    """The smaller face begins a little to the left of where the larger one ends."""
    scene = np.full((512, 700, 3), 90, np.uint8)
    behind = cv2.resize(astronaut, (410, 410), interpolation=cv2.INTER_AREA)
    scene[15:425, 117:527] = behind
    scene[20:230, 100:268] = astronaut[20:230, 100:268]
    crops = taken(encode(scene)).crops
    assert [crop.quality.warnings for crop in crops] == [(), ("covered",)]


@pytest.mark.parametrize(("margin", "warnings"), [(0.0, ("tight",)), (0.3, ())])
def test_a_picture_cut_to_its_face_says_so(
    astronaut: Pixels, margin: float, warnings: tuple[str, ...]
) -> None:
    (whole,) = taken(encode(astronaut)).crops
    across, down = margin * whole.box.width, margin * whole.box.height
    left, top = round(whole.box.x - across), round(whole.box.y - down)
    right = round(whole.box.x + whole.box.width + across)
    bottom = round(whole.box.y + whole.box.height + down)
    (crop,) = taken(encode(astronaut[top:bottom, left:right])).crops
    assert crop.quality.warnings == warnings


@pytest.mark.parametrize(
    ("widths", "most"),
    [([80, 82, 83, 107, 69, 84], 2), ([63, 80, 74, 96, 97, 95], 1), ([64, 74, 84, 81, 80, 61], 2)],
)
def test_the_faces_kept_are_the_largest_as_they_are_placed_in_the_end(
    astronaut: Pixels, widths: list[int], most: int
) -> None:
    """The pass that finds them tells their sizes coarsely."""
    picture = encode(scene(astronaut, (1600, 500), widths)[0], ".png")
    everybody = taken(picture)
    some = taken(picture, dataclasses.replace(PLAN, max_faces=most))
    assert [crop.box for crop in some.crops] == [crop.box for crop in everybody.crops[:most]]
    assert some.media.warnings == ("faces_left_out",)
    assert everybody.media.warnings == ()
