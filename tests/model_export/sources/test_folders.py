"""Folders as strangers have them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.sources import folders
from model_export.sources.alteration import Alteration
from model_export.sources.entries import list_entries
from model_export.sources.folders import FolderSource
from model_export.sources.sample import known_method
from service.faces.crop import CropRule
from service.faces.extract import extract
from service.faces.plan import ExtractionPlan
from service.media.upload import Upload
from tests.model_export.labelled import crowding, save, write_folders

RULE = CropRule()


def test_labels_methods_and_masks_come_from_the_folders(folder: Path) -> None:
    entries = {entry.group: entry for entry in list_entries(folder)}
    fake = entries["fake/Deepfakes/1.png"]
    assert (fake.fake, fake.method) == (True, "Deepfakes")
    assert fake.mask == folder / "masks/Deepfakes/1.png"
    assert entries["fake/clip.mp4"].method == "fake"
    assert entries["real/1.png"].method is None
    assert len(entries) == 8


def test_faces_are_cut_as_the_service_cuts_them_and_masks_with_them(folder: Path) -> None:
    source = FolderSource(folder, RULE, frames=2)
    samples = [*source.samples()]
    assert [s.fake for s in samples] == [False] * 5 + [True] * 5
    assert all(s.crop.shape == (256, 256, 3) for s in samples)
    plain, swapped = samples[0], next(s for s in samples if s.group == "fake/Deepfakes/0.png")
    assert swapped.mask is not None
    changed = np.abs(swapped.crop.astype(int) - plain.crop).max(2) > 8
    # The two detections differ by a pixel or two at most, and so do the crops.
    inside = swapped.mask > 128
    assert changed[inside].mean() > 0.8
    assert 0.1 < inside.mean() < 0.8
    assert source.tally.files == 8
    assert not source.tally.unreadable


def test_of_how_many_frames_a_face_is_crowded_out_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "extract", crowding)
    assert {each.crowded_out for each in FolderSource(folder, RULE, frames=1).samples()} == {3}


def test_crops_are_sharpened_after_what_is_done_to_them(folder: Path) -> None:
    """As in use: a picture is compressed first, and its face sharpened at the end."""
    rule = CropRule(sharpening=10.0)
    plain, sharp = (
        next(FolderSource(folder, chosen, frames=1).samples()) for chosen in (RULE, rule)
    )
    (judged,) = extract(
        Upload((folder / plain.group).read_bytes()), ExtractionPlan(crop=rule, max_faces=1)
    ).crops
    assert np.array_equal(sharp.crop, plain.crop)
    assert np.array_equal(sharp.seen, judged.pixels)
    assert not np.array_equal(sharp.seen, sharp.crop)


def test_frames_of_a_clip_share_its_group(folder: Path) -> None:
    groups = [s.group for s in FolderSource(folder, RULE, frames=2).samples()]
    assert groups.count("real/clip.mp4") == groups.count("fake/clip.mp4") == 2


def test_pictures_can_be_judged_as_whole_clips_which_have_no_masks(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    # Each costs seconds.
    folder = write_folders(tmp_path, astronaut, 1)
    alteration = Alteration(h264_crf=30, as_clip=True)
    source = FolderSource(folder, RULE, frames=3, alteration=alteration)
    everything = [*source.samples()]
    samples = [sample for sample in everything if not sample.group.endswith("clip.mp4")]
    assert not source.tally.unreadable
    # What is a clip already stays as it is, its mask with it.
    plain = [
        s for s in FolderSource(folder, RULE, frames=3).samples() if s.group == "fake/clip.mp4"
    ]
    clips = [sample for sample in everything if sample.group == "fake/clip.mp4"]
    assert [s.crop.tobytes() for s in clips] == [s.crop.tobytes() for s in plain]
    assert [s.mask is None for s in clips] == [s.mask is None for s in plain]
    groups = {sample.group for sample in samples}
    assert len(samples) == 3 * len(groups)
    assert all(sample.mask is None for sample in samples)
    # The first and the middle one of three stretches of 100 frames have one, at 0 and 50.
    assert [sample.in_key_frame for sample in samples] == [True, True, False] * len(groups)


def test_pictures_can_be_judged_as_frames_of_a_clip(folder: Path) -> None:
    plain = [*FolderSource(folder, RULE, frames=2).samples()]
    coded = [*FolderSource(folder, RULE, frames=2, alteration=Alteration(h264_crf=38)).samples()]
    assert [s.group for s in coded] == [s.group for s in plain]
    for before, after in zip(plain, coded, strict=True):
        change = np.abs(before.crop.astype(int) - after.crop).mean()
        assert bool(change == 0) == before.group.endswith(".mp4"), before.group
        assert change < 25
        assert (before.mask is None) is (after.mask is None)


def test_two_processes_give_the_same_samples_in_the_same_order(folder: Path) -> None:
    alone = [*FolderSource(folder, RULE, frames=2).samples()]
    shared = [*FolderSource(folder, RULE, frames=2, workers=2).samples()]
    assert [s.group for s in shared] == [s.group for s in alone]
    assert all(np.array_equal(a.crop, b.crop) for a, b in zip(alone, shared, strict=True))


def test_what_cannot_be_used_is_counted_and_named(
    tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    noise = np.random.default_rng(0).integers(0, 60, (300, 200, 3), np.uint8)
    save(tmp_path / "real/face.png", astronaut)
    save(tmp_path / "real/wall.png", noise)
    save(tmp_path / "fake/swap/wall.png", noise)
    save(tmp_path / "masks/wall.png", np.full((300, 200), 255, np.uint8))
    (tmp_path / "real/notes.txt").write_text("not a picture")
    (tmp_path / "real/.hidden").write_text("ignored")
    source = FolderSource(tmp_path, RULE)
    samples = {s.group: s for s in source.samples()}
    assert source.tally.whole == ["real/wall.png", "fake/swap/wall.png"]
    assert [*source.tally.unreadable] == ["real/notes.txt"]
    assert source.tally.files == 4
    mask = samples["fake/swap/wall.png"].mask
    assert mask is not None
    assert mask.min() == 255


def test_a_class_without_files_is_refused(tmp_path: Path, astronaut: NDArray[np.uint8]) -> None:
    save(tmp_path / "real/a.png", astronaut)
    with pytest.raises(ValueError, match=r"no file under .*fake"):
        FolderSource(tmp_path, RULE)


@pytest.mark.parametrize(
    ("name", "index"),
    [("Deepfakes", 0), ("face_swap", 2), ("Face2Face", 1), ("NeuralTextures", None), (None, None)],
)
def test_method_names_are_understood_as_data_sets_spell_them(
    name: str | None, index: int | None
) -> None:
    assert known_method(name) == index


def test_a_folder_linked_into_itself_is_read_once(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    save(tmp_path / "real/0.png", astronaut)
    (tmp_path / "real/again").symlink_to(tmp_path / "real")
    (tmp_path / "fake").symlink_to(tmp_path / "real")
    names = [entry.group for entry in list_entries(tmp_path)]
    assert names == ["real/0.png", "fake/0.png"]


def test_a_fake_shares_its_origin_with_the_real_of_the_same_name(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    for name in ("real/anna/0.png", "real/bob/0.png", "fake/swap/anna/0.jpg", "fake/1.png"):
        save(tmp_path / name, astronaut)
    origins = {entry.group: entry.origin for entry in list_entries(tmp_path)}
    assert origins["real/anna/0.png"] == origins["fake/swap/anna/0.jpg"] == "anna/0"
    assert len({*origins.values()}) == 3


def test_a_picture_too_small_to_compress_is_one_unreadable_file(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    for kind in ("real", "fake"):
        save(tmp_path / kind / "face.png", astronaut)
        save(tmp_path / kind / "line.png", astronaut[:1])
    source = FolderSource(tmp_path, RULE, alteration=Alteration(h264_crf=23))
    assert len([*source.samples()]) == 2
    assert {*source.tally.unreadable} == {"real/line.png", "fake/line.png"}
