"""What a worker claims is held against what it could have found."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.faces.crop import Box, FaceCrop, Quality
from service.faces.extraction import Extraction
from service.faces.plan import ExtractionPlan
from service.media.info import MediaInfo

PLAN = ExtractionPlan(frames=2, max_faces=1)
CROP = FaceCrop(
    frame_index=0,
    time_s=0.0,
    box=Box(10, 10, 40, 40),
    track=0,
    person=0,
    detection_score=0.9,
    crop_to_frame=np.eye(2, 3),
    quality=Quality(40, 9.0, 120.0),
    pixels=np.zeros((256, 256, 3), np.uint8),
)
MEDIA = MediaInfo("image", "png", 640, 480, None, 1, 1, "0" * 64)
CLIP = Extraction(replace(MEDIA, kind="video", duration_s=1.0), (CROP,), ((0, 0.0, 0.0),))
TWO = replace(
    CLIP,
    media=replace(CLIP.media, frames_total=2, frames_analyzed=2),
    crops=(CROP, replace(CROP, frame_index=1, time_s=0.1)),
    frames=((0, 0.0, 0.1), (1, 0.1, 0.2)),
)
EXTRACTION = Extraction(MEDIA, (CROP,), ((0, 0.0, 0.0),))


def test_an_honest_worker_is_believed() -> None:
    assert EXTRACTION.within(PLAN)
    assert replace(EXTRACTION, crops=()).within(PLAN)
    turned = replace(CROP, crop_to_frame=np.array([[0.8, -0.6, 90], [0.6, 0.8, -7]]))
    assert replace(EXTRACTION, crops=(turned,)).within(PLAN)
    assert TWO.within(PLAN)


@pytest.mark.parametrize(
    "claim",
    [
        {"media": replace(MEDIA, width=10**6, height=10**6)},
        {"media": replace(MEDIA, width=-640, height=-480)},
        {"media": replace(MEDIA, width=0)},
        {"crops": (CROP, replace(CROP, track=1))},
        {"crops": (CROP, CROP)},
        {"crops": (replace(CROP, frame_index=3),)},
        {"crops": (replace(CROP, pixels=np.zeros((9, 256, 3), np.uint8)),)},
        {"crops": (replace(CROP, pixels=np.zeros((256, 256, 3), np.float32)),)},
        {"crops": (replace(CROP, crop_to_frame=np.full((2, 3), np.nan)),)},
        {"crops": (replace(CROP, crop_to_frame=np.eye(3)),)},
        {"crops": (replace(CROP, crop_to_frame=np.zeros((2, 3))),)},
        *(
            {"crops": (replace(CROP, crop_to_frame=np.array(rows)),)}
            for rows in (
                [[1.0, 0, 0], [0, 2, 0]],
                [[1.0, 0.5, 0], [0, 1, 0]],
                [[1.0, 0, 0], [0, -1, 0]],
                [[1e-9, 1e-10, 0], [-1e-10, 1e-9, 0]],
                [[1e9, 0, 0], [0, 1e9, 0]],
                [[1.0, 0, 1e300], [0, 1, 0]],
            )
        ),
        {"frames": ((0, 0.0, 0.1), (1, 0.1, 0.2))},
        {"frames": ()},
        {"media": replace(MEDIA, width=2_000_000, height=1)},
        {"media": replace(MEDIA, frames_total=0)},
        {"media": replace(MEDIA, frames_analyzed=2)},
        {"media": replace(MEDIA, duration_s=-1.0)},
        {"media": replace(MEDIA, duration_s=1e9)},
        {"media": replace(MEDIA, format="\ud800")},
        {"media": replace(MEDIA, warnings=("x" * 1000,))},
        {"media": replace(MEDIA, warnings=("x",) * 1000)},
        {"frames": ((0, 0.0, 1e300),)},
        {"crops": (replace(CROP, time_s=0.5),)},
        {"crops": (replace(CROP, box=Box(10, 10, -40, 40)),)},
        {"crops": (replace(CROP, detection_score=7.0),)},
        {"crops": (replace(CROP, quality=Quality(40, 9.0, 1e9)),)},
        {"crops": (replace(CROP, quality=Quality(40, -9.0, 120.0)),)},
        {"crops": (replace(CROP, quality=Quality(40, 9.0, 120.0, warnings=("\ud800",))),)},
    ],
)
def test_a_claim_beyond_the_plan_is_none_of_its(claim: dict[str, Any]) -> None:
    assert not replace(EXTRACTION, **claim).within(PLAN)


def test_all_crops_of_a_track_say_the_same_of_it_and_no_more_than_can_be() -> None:
    """Who had room for less than a quarter of the time would not have been kept."""

    def claims(*said: dict[str, Any]) -> Extraction:
        crops = (replace(crop, **each) for crop, each in zip(TWO.crops, said, strict=True))
        return replace(TWO, crops=tuple(crops))

    assert claims({"crowded_out": 6}, {"crowded_out": 6}).within(PLAN)
    assert claims({"crowded_out": 3, "track": 1}, {"crowded_out": 0}).within(PLAN)
    for crowded_out in (-1, 7, 10**9):
        assert not claims({"crowded_out": crowded_out}, {"crowded_out": crowded_out}).within(PLAN)
    assert not claims({"crowded_out": 1}, {"crowded_out": 2}).within(PLAN)
    assert not claims({"person": 0}, {"person": 1}).within(PLAN)


def test_a_clip_has_as_many_frames_as_asked_for_each_once() -> None:
    three = replace(TWO.media, frames_total=3, frames_analyzed=3)
    shown = tuple((i, i / 25, i / 25) for i in range(3))
    assert not replace(CLIP, media=three, frames=shown).within(PLAN)
    assert replace(CLIP, media=three, frames=shown).within(replace(PLAN, frames=3))


def test_no_frame_ends_before_it_appears_or_appears_before_the_clip() -> None:
    for shown in ((0, 0.2, 0.1), (0, -0.1, 0.1)):
        assert not replace(CLIP, frames=(shown,), crops=()).within(PLAN)


def test_frames_come_in_their_order_and_one_at_a_time() -> None:
    alone = replace(TWO, crops=())
    assert alone.within(PLAN)
    for later in ((0, 0.1, 0.2), (1, 0.05, 0.2)):
        assert not replace(alone, frames=((0, 0.0, 0.1), later)).within(PLAN)
    assert not replace(alone, frames=((1, 0.0, 0.1), (0, 0.1, 0.2))).within(PLAN)
