"""Crops of one pair of clips: which frames, and around which face."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.faceforensics import ClipPair, common_indices
from model_export.data.faceforensics_crops import (
    CutPlan,
    Record,
    cut_pair,
    read_record,
    record_path,
)
from service.faces.crop import CropRule
from tests.media_files import clip, face_at
from tests.model_export.labelled import Lengths

Pixels = NDArray[np.uint8]
LARGE, SMALL = (95, 64, 95, 114), (391, 157, 58, 71)
"""Where the faces of `two_faces` are: x, y, width, height in pixels."""
NOWHERE = (470, 10, 40, 40)
"""A place in `two_faces` without a face."""


@pytest.fixture(scope="module")
def two_faces(astronaut: Pixels) -> Pixels:
    """A large face on the left, a smaller one on the right, uint8 RGB (320, 520, 3)."""
    wall = np.full((320, 200, 3), 90, np.uint8)
    scene = np.concatenate([astronaut[:320, 80:400], wall], axis=1)
    face = cv2.resize(astronaut[:256, 96:352], (160, 160), interpolation=cv2.INTER_AREA)
    return face_at(scene, np.asarray(face, np.uint8), 340, 120)


def write_pair(
    folder: Path, real: Pixels, regions: list[tuple[int, int, int, int]], lengths: Lengths
) -> ClipPair:
    """A still picture as a clip, manipulated in its k-th frame in the k-th region, or the last."""
    fakes, masks = [], []
    for number in range(max(lengths.fake, lengths.mask)):
        x, y, width, height = regions[min(number, len(regions) - 1)]
        mask = np.zeros(real.shape, np.uint8)
        mask[y : y + height, x : x + width] = 255
        masks.append(mask)
        fakes.append(np.where(mask > 0, real // 3, real))
    pair = ClipPair(
        "test", "Deepfakes", "000_001", folder / "fake.mp4", folder / "real.mp4", folder / "m.mp4"
    )
    pair.fake.write_bytes(clip(fakes[: lengths.fake]))
    pair.real.write_bytes(clip([real] * lengths.real))
    pair.mask.write_bytes(clip(masks[: lengths.mask]))
    return pair


def plan(frames: int, crop: Literal["paper", "detector"] = "paper") -> CutPlan:
    return CutPlan(frames, crop, CropRule(size=128))


def indices(record: Record) -> list[int]:
    return [row["frame"] for row in record.rows if row["label"] == "fake"]


@pytest.mark.parametrize("longer", ["real", "fake", "mask"])
def test_all_frames_are_cut_whichever_clip_is_longer(
    longer: str, two_faces: Pixels, tmp_path: Path
) -> None:
    lengths = replace(Lengths(8, 8, 8), **{longer: 13})
    pair = write_pair(tmp_path, two_faces, [LARGE], lengths)
    record = cut_pair(pair, tmp_path / "out", plan(4))
    assert indices(record) == [1, 3, 5, 7]
    assert record.shortfall is None
    assert read_record(record_path(tmp_path / "out", pair)) == record


def test_a_fake_is_not_cut_against_an_original_of_another_size(
    two_faces: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, two_faces, [LARGE], Lengths(4, 4, 4))
    pair.real.write_bytes(clip([np.repeat(np.repeat(two_faces, 2, 0), 2, 1)] * 4))
    told = r"^0 of 2 frames; missing: 2 whose original has another size$"
    with pytest.raises(ValueError, match=told):
        cut_pair(pair, tmp_path / "out", plan(2))
    assert not (tmp_path / "out").exists()


def test_frames_are_the_same_moments_of_a_fake_and_its_longer_original(
    astronaut: Pixels, tmp_path: Path
) -> None:
    steps = [np.roll(astronaut, 12 * step, axis=1)[:320, :400] for step in range(9)]
    pair = write_pair(tmp_path, steps[0], [(190, 90, 80, 70)], Lengths(9, 5, 5))
    pair.real.write_bytes(clip(steps))
    pair.fake.write_bytes(clip(steps[:5]))
    for row in cut_pair(pair, tmp_path, plan(5)).rows[::2]:
        fake, real = (
            cv2.imread(str(tmp_path / "test" / kind / "Deepfakes" / name / Path(row["file"]).name))
            for kind, name in (("fake", "000_001"), ("real", "000"))
        )
        assert fake is not None
        assert real is not None
        assert np.abs(fake.astype(int) - real).mean() < 4


def test_the_frames_of_long_clips_are_those_of_the_shortest(
    astronaut: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, astronaut[:64, :64], [(10, 10, 40, 40)], Lengths(396, 300, 300))
    assert common_indices(pair, 10) == [15, 45, 75, 105, 135, 165, 195, 225, 255, 285]


def test_fewer_frames_than_asked_are_told_with_the_reason(
    two_faces: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, two_faces, [(0, 0, 0, 0), LARGE], Lengths(9, 3, 4))
    first = cut_pair(pair, tmp_path, plan(5))
    assert indices(first) == [1, 2]
    assert first.missing == {
        "that the shortest clip does not have": 2,
        "without a manipulated region": 1,
    }
    assert first.shortfall is not None
    assert first.shortfall.startswith("2 of 5 frames; missing: 2 that the shortest clip")
    again = cut_pair(pair, tmp_path, plan(5))
    assert again == first, "a later run tells it, too"


def test_frames_that_a_damaged_clip_lacks_are_told(two_faces: Pixels, tmp_path: Path) -> None:
    pair = write_pair(tmp_path, two_faces, [LARGE], Lengths(24, 24, 24))
    whole = clip([two_faces] * 24, keyframe_every=1)
    start, end = whole.index(b"mdat") + 60_000, len(whole) - 2_000
    pair.fake.write_bytes(whole[:start] + bytes(end - start) + whole[end:])
    record = cut_pair(pair, tmp_path, plan(6))
    assert 0 < len(indices(record)) < 6
    assert record.missing == {"that cannot be read": 6 - len(indices(record))}


def test_a_pair_without_a_single_frame_is_a_problem_and_not_finished(
    two_faces: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, two_faces, [(0, 0, 0, 0)], Lengths(4, 4, 4))
    with pytest.raises(ValueError, match="0 of 2 frames; missing: 2 without a manipulated region"):
        cut_pair(pair, tmp_path, plan(2))
    assert not record_path(tmp_path, pair).exists()
    assert cut_pair(write_pair(tmp_path, two_faces, [LARGE], Lengths()), tmp_path, plan(2)).rows


def middle(row: dict[str, Any]) -> tuple[float, float]:
    x, y, width, height = row["box"]
    return x + width / 2, y + height / 2


@pytest.mark.parametrize("face", [LARGE, SMALL], ids=["large", "small"])
def test_the_detector_cuts_the_face_that_was_manipulated(
    face: tuple[int, int, int, int], two_faces: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, two_faces, [face], Lengths())
    record = cut_pair(pair, tmp_path, plan(2, "detector"))
    assert len(record.rows) == 4
    for fake, real in zip(record.rows[::2], record.rows[1::2], strict=True):
        x, y, width, height = face
        assert middle(fake) == pytest.approx((x + width / 2, y + height / 2), abs=6)
        assert (real["box"], real["roll"]) == (fake["box"], fake["roll"])
        mask = cv2.imread(str(tmp_path / fake["mask"]), cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        assert (mask > 127).mean() > 0.3


def test_of_two_faces_that_hold_the_mask_the_tighter_one_is_meant(
    astronaut: Pixels, tmp_path: Path
) -> None:
    small = cv2.resize(astronaut[20:220, 130:330], (160, 160), interpolation=cv2.INTER_AREA)
    large = cv2.resize(astronaut[:320, 80:400], (960, 960))
    scene = face_at(np.asarray(large, np.uint8), np.asarray(small, np.uint8), 480, 430)
    pair = write_pair(tmp_path, scene, [(524, 472, 28, 45)], Lengths())
    record = cut_pair(pair, tmp_path, plan(1, "detector"))
    assert 60 < record.rows[0]["box"][3] < 120, "the larger box is 330 pixels high"


def test_a_frame_whose_manipulated_face_is_not_found_is_left_out(
    two_faces: Pixels, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, two_faces, [NOWHERE, NOWHERE, NOWHERE, SMALL], Lengths(6, 6, 6))
    record = cut_pair(pair, tmp_path, plan(2, "detector"))
    assert indices(record) == [4]
    assert record.missing == {"without a face where they are manipulated": 1}


def test_a_crop_that_misses_the_mask_is_left_out(two_faces: Pixels, tmp_path: Path) -> None:
    x, y, width, _ = LARGE
    pair = write_pair(tmp_path, two_faces, [(x + 20, y + 2, width - 40, 20)], Lengths())
    narrow = CutPlan(1, "detector", CropRule(scale=0.2, size=128))
    with pytest.raises(ValueError, match="1 with no manipulated pixel in the crop"):
        cut_pair(pair, tmp_path, narrow)
