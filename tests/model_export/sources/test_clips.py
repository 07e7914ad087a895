"""Forged clips as data to judge: frame-level truth, masks, intervals."""

import json
from pathlib import Path

import pytest

from model_export.cli import main
from model_export.sources import clips
from model_export.sources.clips import TRUTH, ClipSource
from service.faces.crop import CropRule
from tests.model_export.labelled import crowding


@pytest.fixture(scope="module")
def folder(faces_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clips")
    pictures = [str(faces_folder / name) for name in ("large.png", "mirrored.png")]
    words = ["--clip", "-n", "1", "--seconds", "2", "--family", "deepfakes", "-o", str(out)]
    assert main(["forge", *pictures, *words]) == 0
    return out


def test_each_frame_has_the_truth_of_its_own_moment(folder: Path) -> None:
    source = ClipSource(folder, CropRule(), frames=8)
    samples = list(source.samples())
    start, end = source.truths["00000.mp4"] or (0, 0)
    assert len(samples) == 8
    assert {sample.fake for sample in samples} == {True, False}
    ends = [0.0, *(sample.stretch.end_s for sample in samples)]
    assert [sample.stretch.start_s for sample in samples] == ends[:-1]
    assert ends[-1] == pytest.approx(2.0)
    for sample in samples:
        assert sample.fake == (start <= sample.time_s < end)
        assert (sample.mask is not None) == sample.fake
        if sample.mask is not None:
            assert 0.1 < (sample.mask > 127).mean() < 0.9


def test_of_how_many_frames_a_face_is_crowded_out_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "extract", crowding)
    assert {each.crowded_out for each in ClipSource(folder, CropRule(), frames=2).samples()} == {3}


def test_a_clip_without_a_fake_frame_is_a_real_one(faces_folder: Path, tmp_path: Path) -> None:
    words = ["--clip", "-n", "1", "--seconds", "0.2", "--share", "0", "-o", str(tmp_path)]
    pictures = [str(faces_folder / name) for name in ("large.png", "mirrored.png")]
    assert main(["forge", *pictures, *words]) == 0
    source = ClipSource(tmp_path, CropRule(), frames=1)
    assert [sample.fake for sample in source.samples()] == [False]
    assert source.truths == {"00000.mp4": None}


def test_a_clip_that_cannot_be_read_is_counted(folder: Path, tmp_path: Path) -> None:
    entries = json.loads((folder / TRUTH).read_text())
    (tmp_path / TRUTH).write_text(json.dumps(entries))
    (tmp_path / "00000.mp4").write_bytes((folder / "00000.mp4").read_bytes()[:40])
    source = ClipSource(tmp_path, CropRule())
    assert list(source.samples()) == []
    assert [*source.tally.unreadable] == ["00000.mp4"]


def test_a_clip_without_its_masks_or_with_frames_nobody_described_is_counted(
    folder: Path, tmp_path: Path
) -> None:
    entries = json.loads((folder / TRUTH).read_text())
    clip = (folder / "00000.mp4").read_bytes()
    few = {**entries[0], "clip": "few.mp4", "frames_fake": [False, False]}
    gone = {**entries[0], "clip": "gone.mp4"}
    (tmp_path / TRUTH).write_text(json.dumps([*entries, few, gone]))
    for name in ("00000.mp4", "few.mp4"):
        (tmp_path / name).write_bytes(clip)
    source = ClipSource(tmp_path, CropRule())
    assert list(source.samples()) == []
    told = source.tally.unreadable
    assert "mask" in told["00000.mp4"]
    assert "describes 2 frames" in told["few.mp4"]
    assert "gone.mp4" in told["gone.mp4"]


ENTRY = {
    "clip": "0.mp4", "family": "deepfakes", "rate": 25, "interval_s": None, "frames_fake": [0],
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "no json",
        '{"a": 1}',
        "[1]",
        *(json.dumps([{k: v for k, v in ENTRY.items() if k != absent}]) for absent in ENTRY),
        json.dumps([ENTRY | {"rate": 0}]),
        json.dumps([ENTRY | {"interval_s": [1.0]}]),
        json.dumps([ENTRY | {"frames_fake": "01"}]),
    ],
)
def test_a_folder_without_clips_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / TRUTH).write_text(text)
    with pytest.raises(ValueError, match=TRUTH):
        ClipSource(tmp_path, CropRule())


def test_what_forge_writes_is_what_is_read(tmp_path: Path) -> None:
    (tmp_path / TRUTH).write_text(json.dumps([ENTRY]))
    ClipSource(tmp_path, CropRule())
