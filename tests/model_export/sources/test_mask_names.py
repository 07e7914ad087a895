"""What masks and their frames may be called."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.sources.folders import FolderSource
from model_export.sources.masks import find_mask
from model_export.sources.numbered import numbered_pictures
from service.faces.crop import CropRule
from tests.media_files import clip
from tests.model_export.labelled import manipulated, save

RULE = CropRule()
FRAMES = 6


@pytest.mark.parametrize(
    ("fake", "mask"),
    [
        ("swap/a.jpg", "swap/a.jpg"),
        ("swap/a.JPG", "swap/a.jpg"),
        ("swap/a.jpg", "a.JPG"),
        ("swap/a.webp", "swap/a.webp"),
        ("swap/a.m4v", "swap/a.m4v"),
        ("swap/a", "swap/a"),
    ],
)
def test_a_mask_may_have_its_fakes_own_name(fake: str, mask: str, tmp_path: Path) -> None:
    path = tmp_path / mask
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.with_suffix(".png").touch()
    assert find_mask(tmp_path, Path(fake)) == path
    path.unlink()
    assert find_mask(tmp_path, Path(fake)) == path.with_suffix(".png")


def test_two_fakes_that_differ_in_their_endings_alone_have_each_its_own_mask(
    tmp_path: Path,
) -> None:
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    for name in ("a.jpg", "a.png"):
        assert find_mask(tmp_path, Path(name)) == tmp_path / name


def test_a_mask_stored_as_jpeg_is_as_black_and_white_as_a_png(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    fake, mask = manipulated(astronaut)
    save(tmp_path / "real/0.png", astronaut)
    save(tmp_path / "fake/a.png", fake)
    (tmp_path / "fake/b.jpg").write_bytes((tmp_path / "fake/a.png").read_bytes())
    for name in ("a.png", "b.jpg"):
        save(tmp_path / "masks" / name, mask)
    one, other = (s.mask for s in FolderSource(tmp_path, RULE).samples() if s.fake)
    assert one is not None
    np.testing.assert_array_equal(other, one)


@pytest.fixture
def data(astronaut: NDArray[np.uint8], tmp_path: Path) -> Path:
    """A fake clip that has no mask yet."""
    save(tmp_path / "real/0.png", astronaut)
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/a.mp4").write_bytes(clip([manipulated(astronaut)[0]] * FRAMES))
    return tmp_path


def write_masks(data: Path, names: list[str]) -> None:
    """A folder of masks of the clip, each of which is larger than the one before."""
    for number, name in enumerate(names):
        mask = np.zeros((512, 512), np.uint8)
        mask[90 : 110 + 10 * number, 190:270] = 255
        save(data / "masks/a" / name, mask)


def shares(data: Path) -> tuple[list[float], dict[str, str]]:
    """How much of the crop of each frame is masked, and what is said of masks."""
    source = FolderSource(data, RULE, frames=FRAMES)
    masks = [sample.mask for sample in source.samples() if sample.fake]
    return [float(mask.mean()) for mask in masks if mask is not None], source.tally.unusable_masks


@pytest.mark.parametrize("name", ["{:04d}.png", "frame_{:04d}.png", "{:d}.jpg", "a-7.{:02d}.JPG"])
@pytest.mark.parametrize("first", [0, 1])
def test_frames_of_masks_are_numbered_from_nought_or_one(name: str, first: int, data: Path) -> None:
    write_masks(data, [f"{number:05d}.png" for number in range(FRAMES)])
    expected, _ = shares(data)
    assert len({*expected}) == FRAMES
    for path in (data / "masks/a").iterdir():
        path.unlink()
    write_masks(data, [name.format(number + first) for number in range(FRAMES)])
    found, told = shares(data)
    assert found == pytest.approx(expected, rel=0.02)
    assert not told


@pytest.mark.parametrize(
    ("numbers", "frames"),
    [
        (range(FRAMES + 1), range(FRAMES)),  # one too many, from 0
        (range(1, FRAMES), range(1, FRAMES)),  # the first is not there
        (range(2, FRAMES + 1), range(1, FRAMES)),  # from 1, and the first is not there
    ],
)
def test_frames_count_from_one_only_where_the_last_number_says_so(
    numbers: range, frames: range, tmp_path: Path
) -> None:
    for number in numbers:
        (tmp_path / f"{number:04d}.png").touch()
    found = numbered_pictures(tmp_path, FRAMES)
    kept = {index: int(path.stem) for index, path in found.items() if index < FRAMES}
    assert kept == dict(zip(frames, numbers, strict=False))


def test_other_pictures_beside_numbered_pngs_count_for_nothing(data: Path) -> None:
    write_masks(data, ["0.png", "2.png", "sheet 3.png", "4.jpg", ".5.png", "6.txt.png"])
    assert len(shares(data)[0]) == 2


def test_what_other_systems_keep_of_a_picture_is_no_second_one(tmp_path: Path) -> None:
    for name in ("frame_0012.png", "._frame_0012.png"):
        (tmp_path / name).touch()
    assert numbered_pictures(tmp_path, 20) == {12: tmp_path / "frame_0012.png"}


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["first.png", "second.png"], "no picture in a has the number of a frame looked at"),
        (["100.png", "101.png"], "no picture in a has the number of a frame looked at"),
        (["frame_1.png", "frame_01.png"], "both frame_01.png and frame_1.png are number 1"),
    ],
)
def test_a_folder_of_masks_of_which_no_frame_can_be_used_is_told_of(
    names: list[str], problem: str, data: Path
) -> None:
    write_masks(data, names)
    assert shares(data) == ([], {"fake/a.mp4": problem})


def test_a_clip_of_masks_with_its_fakes_ending_is_read_as_one(data: Path) -> None:
    masks = [np.full((512, 512, 3), 255, np.uint8)] * FRAMES
    (data / "fake/a.mp4").rename(data / "fake/a.m4v")
    (data / "masks").mkdir()
    (data / "masks/a.m4v").write_bytes(clip(masks))
    found, told = shares(data)
    assert found == [255] * FRAMES
    assert not told
