"""Masks in folders: which belongs to what, and where it lies."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.pictures import tenths_held
from model_export.evaluation.markdown import _files
from model_export.metrics.segmentation import match_masks
from model_export.sources.alteration import Alteration
from model_export.sources.entries import list_entries, unused_masks
from model_export.sources.folders import FolderSource, _chosen
from service.faces.crop import Box, CropRule
from tests.media_files import clip
from tests.model_export.labelled import manipulated, save
from tests.service.verdict.faces import face

RULE = CropRule()


@pytest.mark.parametrize("alteration", [Alteration(degrees=-30), Alteration(scale=0.7)])
def test_a_mask_is_altered_and_cut_as_its_picture_is(
    alteration: Alteration, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    # A mask that can be seen in the picture itself shows whether both were cut alike.
    bright = np.where(astronaut[..., 0] > 127, 255, 0).astype(np.uint8)
    save(tmp_path / "real/0.png", astronaut)
    save(tmp_path / "fake/swap/0.png", astronaut)
    save(tmp_path / "masks/swap/0.png", bright)
    samples = [*FolderSource(tmp_path, RULE, alteration=alteration).samples()]
    (fake,) = [sample for sample in samples if sample.fake]
    assert fake.mask is not None
    seen, told = fake.crop[..., 0] > 127, fake.mask > 127
    assert (seen & told).sum() / (seen | told).sum() > 0.95


def test_of_two_faces_the_one_that_holds_the_mask_is_judged(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    """Not the one that it fills most: the mask goes on beyond the small face."""
    face = astronaut[30:230, 120:320]
    picture = np.full((560, 700, 3), 90, np.uint8)
    picture[80:480, 40:440] = cv2.resize(face, (400, 400), interpolation=cv2.INTER_CUBIC)
    picture[300:400, 560:660] = cv2.resize(face, (100, 100), interpolation=cv2.INTER_AREA)
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[160:400, 140:350] = 255
    mask[300:400, 560:660] = 255
    for name in ("real", "fake"):
        save(tmp_path / name / "a.png", picture)
    save(tmp_path / "masks/a.png", mask)
    (fake,) = [each for each in FolderSource(tmp_path, RULE).samples() if each.fake]
    assert fake.track == 0
    mask[160:400, 140:350] = 0
    save(tmp_path / "masks/a.png", mask)
    (fake,) = [each for each in FolderSource(tmp_path, RULE).samples() if each.fake]
    assert fake.track == 1


def test_a_small_face_before_a_large_one_is_judged_where_the_mask_is_its_own() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[40:60, 40:60] = 200
    assert tenths_held(mask, Box(38.6, 39.5, 23.0, 22.0)) == 10
    assert tenths_held(mask, Box(-10.0, -10.0, 120.0, 120.0)) == 10
    assert tenths_held(mask, Box(40.0, 40.0, 10.0, 20.0)) == 5
    assert tenths_held(mask, Box(60.0, 0.0, 40.0, 100.0)) == 0
    assert tenths_held(np.zeros_like(mask), Box(0.0, 0.0, 9.0, 9.0)) == 0


def test_a_small_face_that_is_missed_once_is_still_the_one_meant() -> None:
    """Its mask lies in the box of the large face beside it, too, and there in all frames."""
    mask = np.zeros((100, 200), np.uint8)
    mask[40:60, 40:60] = 255
    large = [face(frame=frame, track=0, left=0, side=100) for frame in range(4)]
    small = [face(frame=frame, track=1, left=38, top=38, side=24) for frame in range(3)]
    masks = dict.fromkeys(range(4), mask)
    assert {crop.track for crop in _chosen((*large, *small), masks)} == {1}
    assert {crop.track for crop in _chosen((*large, *small), {})} == {0}


def test_a_mask_above_a_face_is_that_faces() -> None:
    mask = np.zeros((200, 400), np.uint8)
    mask[70:80, 300:340] = 255
    crops = face(track=0, left=0, top=60, side=100), face(track=1, left=300, top=80, side=40)
    assert [crop.track for crop in _chosen(crops, {0: mask})] == [1]


def test_masks_that_belong_to_no_fake_are_named(folder: Path, tmp_path: Path) -> None:
    assert not unused_masks(folder / "masks", list_entries(folder))
    copy = shutil.copytree(folder, tmp_path / "copy")
    masks = sorted(path for path in (copy / "masks").rglob("*.png"))
    masks[0].rename(masks[0].with_suffix(".bmp"))
    source = FolderSource(copy, RULE, frames=1)
    lost = masks[0].with_suffix(".bmp").relative_to(copy / "masks").as_posix()
    assert [*source.samples()]
    assert source.tally.unused_masks == [lost]
    assert f"masks that belong to no fake, 1: {lost}" in _files(source.tally.to_dict())


def test_a_mask_of_ones_is_not_taken_for_black(
    tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    for name in ("real", "fake"):
        save(tmp_path / name / "a.png", astronaut)
    save(tmp_path / "masks/a.png", np.ones(astronaut.shape[:2], np.uint8))
    source = FolderSource(tmp_path, RULE)
    assert [sample.mask for sample in source.samples()] == [None, None]
    assert "goes up to 1: manipulated is 255" in source.tally.unusable_masks["fake/a.png"]
    save(tmp_path / "masks/a.png", np.zeros(astronaut.shape[:2], np.uint8))
    assert [sample.mask is None for sample in source.samples()] == [True, False]
    assert not source.tally.unusable_masks


@pytest.mark.parametrize("size", [(1024, 1024), (128, 128), (509, 512)])
def test_a_mask_of_another_size_is_brought_to_that_of_its_picture(
    size: tuple[int, int], tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    fake, mask = manipulated(astronaut)
    save(tmp_path / "real/a.png", astronaut)
    for name in ("as large", "other"):
        save(tmp_path / f"fake/{name}.png", fake)
    save(tmp_path / "masks/as large.png", mask)
    sized = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    save(tmp_path / "masks/other.png", np.asarray(sized, np.uint8))
    source = FolderSource(tmp_path, RULE)
    one, other = (sample.mask for sample in source.samples() if sample.fake)
    assert one is not None
    assert other is not None
    assert match_masks(other, one).iou > 0.9
    assert not source.tally.unusable_masks


@pytest.mark.parametrize("alteration", [Alteration(), Alteration(h264_crf=23, as_clip=True)])
@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (np.zeros((100, 104), np.uint8), "is (100, 104), its picture ("),
        (np.full((512, 512, 3), (255, 0, 0), np.uint8), "goes up to 76: manipulated is 255"),
        (None, "cannot read the mask"),
    ],
)
def test_a_mask_that_cannot_be_used_costs_its_fake_nothing_but_the_mask(
    mask: NDArray[np.uint8] | None,
    problem: str,
    alteration: Alteration,
    tmp_path: Path,
    astronaut: NDArray[np.uint8],
) -> None:
    save(tmp_path / "real/a.png", astronaut)
    save(tmp_path / "fake/swap/a.png", astronaut)
    if mask is None:
        (tmp_path / "masks").mkdir()
        (tmp_path / "masks/a.png").write_bytes(b"no picture")
    else:
        save(tmp_path / "masks/a.png", mask)
    source = FolderSource(tmp_path, RULE, frames=1, alteration=alteration)
    assert [(sample.fake, sample.mask) for sample in source.samples()] == [
        (False, None),
        (True, None),
    ]
    assert not source.tally.unreadable
    assert [*source.tally.unusable_masks] == ["fake/swap/a.png"]
    assert problem in source.tally.unusable_masks["fake/swap/a.png"]


def test_of_several_faces_the_masked_one_is_judged(
    tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    face = astronaut[0:256, 96:352]
    pair = np.hstack((face, face))
    mask = np.zeros(pair.shape[:2], np.uint8)
    mask[90:160, 256 + 90 : 256 + 180] = 255
    save(tmp_path / "real/a.png", face)
    save(tmp_path / "fake/swap/b.png", pair)
    save(tmp_path / "masks/swap/b.png", mask)
    fakes = [s for s in FolderSource(tmp_path, RULE).samples() if s.fake]
    assert len(fakes) == 1
    assert fakes[0].mask is not None
    assert (fakes[0].mask > 128).mean() > 0.05


@pytest.mark.parametrize("kind", ["numbered pictures", "a clip", "a small clip"])
def test_masks_of_a_clip_follow_its_frames(
    kind: str, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    fake, mask = manipulated(astronaut)
    moved = [np.roll(fake, 4 * step, axis=1)[:400, :400] for step in range(6)]
    masks = [np.roll(mask, 4 * step, axis=1)[:400, :400] for step in range(6)]
    save(tmp_path / "real/0.png", astronaut)
    (tmp_path / "fake/swap").mkdir(parents=True)
    (tmp_path / "fake/swap/a.mp4").write_bytes(clip(moved))
    if kind == "numbered pictures":
        for number, each in enumerate(masks):
            save(tmp_path / f"masks/a/{number:05d}.png", each)
    else:
        step = 2 if kind == "a small clip" else 1
        (tmp_path / "masks/swap").mkdir(parents=True)
        frames = [np.dstack([each[::step, ::step]] * 3) for each in masks]
        (tmp_path / "masks/swap/a.mp4").write_bytes(clip(frames))
    samples = [s for s in FolderSource(tmp_path, RULE, frames=3).samples() if s.fake]
    assert len(samples) == 3
    for sample in samples:
        assert sample.mask is not None
        blue = sample.crop[..., 2].astype(int) - sample.crop[..., 0] > 60
        inside = sample.mask > 128
        assert 0.02 < inside.mean() < 0.8
        assert blue[inside].mean() > blue[~inside].mean() + 0.2


def test_masks_may_end_in_capital_letters(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    fake, mask = manipulated(astronaut)
    save(tmp_path / "real/0.png", astronaut)
    for number in range(2):
        save(tmp_path / f"fake/swap/{number}.png", fake)
    save(tmp_path / "masks/swap/0.PNG", mask)
    save(tmp_path / "masks/swap/1/00000.PNG", mask)
    fakes = [s for s in FolderSource(tmp_path, RULE).samples() if s.fake]
    assert all(s.mask is not None and s.mask.any() for s in fakes)
