"""Forged clips as data to judge: frame-level truth, masks, intervals."""

import json
from pathlib import Path

import pytest

from model_export.cli import main
from model_export.sources.clips import TRUTH, ClipSource
from service.faces.crop import CropRule


@pytest.fixture(scope="module")
def folder(faces_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clips")
    picture = str(faces_folder / "large.png")
    words = ["forge", picture, "--clip", "-n", "1", "--seconds", "2", "--family", "deepfakes"]
    assert main([*words, "-o", str(out)]) == 0
    return out


def test_each_frame_has_the_truth_of_its_own_moment(folder: Path) -> None:
    source = ClipSource(folder, CropRule(), frames=8)
    samples = list(source.samples())
    start, end = source.truths["00000.mp4"].interval_s or (0, 0)
    assert len(samples) == 8
    assert source.truths["00000.mp4"].duration_s == 2
    assert {sample.fake for sample in samples} == {True, False}
    for sample in samples:
        assert sample.fake == (start <= sample.time_s < end)
        assert (sample.mask is not None) == sample.fake
        if sample.mask is not None:
            assert 0.1 < (sample.mask > 127).mean() < 0.9


def test_a_clip_that_cannot_be_read_is_counted(folder: Path, tmp_path: Path) -> None:
    entries = json.loads((folder / TRUTH).read_text())
    (tmp_path / TRUTH).write_text(json.dumps(entries))
    (tmp_path / "00000.mp4").write_bytes((folder / "00000.mp4").read_bytes()[:40])
    source = ClipSource(tmp_path, CropRule())
    assert list(source.samples()) == []
    assert [*source.tally.unreadable] == ["00000.mp4"]


@pytest.mark.parametrize("text", ["[]", "no json"])
def test_a_folder_without_clips_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / TRUTH).write_text(text)
    with pytest.raises(ValueError, match=TRUTH):
        ClipSource(tmp_path, CropRule())
