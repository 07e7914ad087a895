"""FaceForensics++ in its official layout, in miniature."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model_export.checkpoint import load_checkpoint
from model_export.cli import main
from model_export.data.faceforensics import binary_mask, list_pairs, read_split
from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.pairs import PairDataset, collate
from model_export.data.prepared_pairs import MixedPairs, PreparedPairs
from model_export.networks import contract
from model_export.sources.prepared import PreparedSource
from service.faces.crop import CropRule
from service.faces.sharpening import amount_at
from tests.model_export.labelled import write_faceforensics, write_people

METHODS = ("Deepfakes", "FaceSwap")


@pytest.fixture(scope="module")
def root(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faceforensics(tmp_path_factory.mktemp("ff"), astronaut, METHODS)


@pytest.fixture(scope="module")
def prepared(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    assert main(["prepare", str(root), "-o", str(out), "--frames", "2"]) == 0
    return out


def rows_of(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def test_both_directions_of_a_pair_are_listed_and_absent_methods_named(root: Path) -> None:
    pairs, absent = list_pairs(root, "c23")
    assert [p.name for p in pairs if p.method == "FaceSwap"] == [
        "000_001", "001_000", "002_003", "003_002", "004_005", "005_004",
    ]  # fmt: skip
    assert [p.split for p in pairs if p.method == "FaceSwap"] == ["train"] * 2 + ["val"] * 2 + [
        "test"
    ] * 2
    assert {name.partition("_")[0] for name in absent["their fake"]} == {
        "Face2Face",
        "NeuralTextures",
    }
    assert [*absent] == ["their fake"]


def test_a_clip_without_its_mask_is_not_said_to_be_missing(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    (copy / "manipulated_sequences/FaceSwap/masks/videos/002_003.mp4").unlink()
    _, absent = list_pairs(copy, "c23")
    assert absent["their mask"] == ["FaceSwap_002_003"]


def test_where_no_clip_is_there_at_all_that_is_said(root: Path) -> None:
    with pytest.raises(ValueError, match=r"no clip of the lists .* of c40"):
        list_pairs(root, "c40")


def test_pairs_for_training_are_of_no_other_split(prepared: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(prepared, tmp_path / "copy")
    for split in ("val", "test"):
        shutil.rmtree(copy / split)
    pairs, rng = PreparedPairs(copy, "train", size=64), np.random.default_rng(0)
    assert {pairs.draw(rng).family for _ in range(40)} == {*METHODS}
    with pytest.raises(ValueError, match="no fakes of the split 'all'"):
        PreparedPairs(copy, "all")


def test_every_crop_is_in_the_manifest_with_its_checksum(prepared: Path) -> None:
    rows = rows_of(prepared)
    assert len(rows) == 2 * 6 * 2 * 2  # methods, clips, frames, classes
    for row in rows:
        data = (prepared / str(row["file"])).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert (row["mask"] is not None) == (row["label"] == "fake")


def test_the_real_crop_has_the_rectangle_of_the_fake(prepared: Path) -> None:
    rows = rows_of(prepared)
    fake, real = rows[0], rows[1]
    assert (fake["label"], real["label"]) == ("fake", "real")
    assert fake["box"] == real["box"]
    pictures = [cv2.imread(str(prepared / str(row["file"]))) for row in (fake, real)]
    mask = cv2.imread(str(prepared / str(fake["mask"])), cv2.IMREAD_GRAYSCALE)
    assert pictures[0] is not None
    assert pictures[1] is not None
    assert mask is not None
    change = np.abs(pictures[0].astype(int) - pictures[1]).max(2)
    inside = cv2.erode(mask, np.ones((9, 9))) > 128
    outside = cv2.dilate(mask, np.ones((25, 25))) < 128
    assert np.median(change[inside]) > 20
    assert np.median(change[outside]) < 10


def test_the_square_is_as_the_paper_cuts_it(prepared: Path) -> None:
    row = rows_of(prepared)[0]
    mask = cv2.imread(str(prepared / str(row["mask"])), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    _, _, _, height = cv2.boundingRect((mask > 128).astype(np.uint8))
    assert 256 / height == pytest.approx(1.3, abs=0.03)


def test_a_second_run_cuts_only_what_is_missing(root: Path, prepared: Path) -> None:
    rows = rows_of(prepared)
    kept, lost = prepared / str(rows[0]["file"]), prepared / str(rows[-1]["file"])
    before = kept.stat().st_mtime_ns
    lost.unlink()
    (prepared / "clips" / "FaceSwap_005_004.jsonl").unlink()
    assert main(["prepare", str(root), "-o", str(prepared), "--frames", "2"]) == 0
    assert kept.stat().st_mtime_ns == before
    assert lost.is_file()
    assert rows_of(prepared) == rows


def test_the_services_detector_cuts_too_and_a_broken_clip_is_named(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("Face2Face",))
    broken = root / "manipulated_sequences/Face2Face/c23/videos/002_003.mp4"
    broken.write_bytes(b"not a clip")
    command = ["prepare", str(root), "-o", str(tmp_path / "out"), "--crop", "detector"]
    assert main([*command, "--frames", "1", "--method", "Face2Face"]) == 1
    assert "Face2Face_002_003: no frame of" in capsys.readouterr().out
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 5 * 2
    box = rows[0]["box"]
    assert isinstance(box, list)
    assert 60 < box[3] < 160


def test_prepared_crops_are_sharpened_by_who_reads_them(prepared: Path) -> None:
    row: dict[str, Any] = rows_of(prepared)[0]
    assert row["enlargement"] == pytest.approx(256 / (1.3 * row["box"][3]), rel=0.02)
    amount = amount_at(4.0, row["enlargement"])
    assert amount > 0
    plain, sharp = (
        next(PreparedSource(prepared, row["split"], sharpening=strength).samples())
        for strength in (0.0, 4.0)
    )
    assert np.array_equal(plain.crop, sharp.crop)
    assert (plain.sharpening, sharp.sharpening) == (0.0, amount)
    pair = PreparedPairs(prepared, "train", sharpening=4.0).draw(np.random.default_rng(0))
    assert pair.sharpening > 0


def test_a_folder_of_an_earlier_version_is_said(prepared: Path, tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "enlargement"} for row in rows_of(prepared)]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for read in (PreparedSource, PreparedPairs):
        with pytest.raises(ValueError, match="is of an earlier version"):
            read(tmp_path, "train")


def test_prepared_crops_are_samples_grouped_by_clip(prepared: Path) -> None:
    samples = [*PreparedSource(prepared, "val", ("FaceSwap",)).samples()]
    assert {s.group for s in samples if s.fake} == {"FaceSwap_002_003", "FaceSwap_003_002"}
    assert {s.group for s in samples if not s.fake} == {"youtube_002", "youtube_003"}
    assert all(s.mask is not None for s in samples if s.fake)
    with pytest.raises(ValueError, match="nothing of 'Face2Face'"):
        PreparedSource(prepared, "val", ("Face2Face",))
    with pytest.raises(ValueError, match="nothing of the split"):
        PreparedSource(prepared, "dev", ("FaceSwap",))


def test_coloured_compressed_masks_become_black_and_white() -> None:
    drawn = np.zeros((40, 40, 3), np.uint8)
    drawn[10:30, 10:30, 1] = 90
    drawn[0, 0] = 20
    mask = binary_mask(drawn, (80, 80))
    assert mask.shape == (80, 80)
    assert {*np.unique(mask)} == {0, 255}
    assert (mask > 0).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("content", ["{}", '[["000"]]', '[["../x", "001"]]', "[[1.5, 2]]"])
def test_a_malformed_list_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="not a list of pairs"):
        read_split(path)


def test_prepared_crops_make_pairs_for_training(prepared: Path) -> None:
    pairs = PreparedPairs(prepared, "train", ("FaceSwap",), size=128, strength=0.0)
    dataset = PairDataset(pairs, 6, seed=3)
    batch = collate([dataset[k] for k in range(6)])
    truth = batch.truth(torch.device("cpu"))
    assert truth.pictures.shape == (12, 3, 128, 128)
    assert truth.methods[6:].tolist() == [contract.METHODS.index("faceswap")] * 6
    inside = truth.masks[6:, 0] > 0.5
    change = (truth.pictures[6:] - truth.pictures[:6]).abs().mean(1)
    assert inside.any()
    assert change[inside].mean() > 3 * change[~inside].mean()
    again = PairDataset(pairs, 6, seed=3)[2]
    assert np.array_equal(dataset[2].fake, again.fake)


def test_the_forge_and_prepared_crops_mix(prepared: Path, faces: FaceIndex) -> None:
    forge = Forge(faces, CropRule(size=64), ("self_blend",))
    pairs = MixedPairs(forge, PreparedPairs(prepared, "train", size=64), share=0.5)
    drawn = {PairDataset(pairs, 16, seed=0)[k].family for k in range(16)}
    assert "self_blend" in drawn
    assert drawn & {"FaceSwap", "Deepfakes"}


def test_a_folder_that_is_not_prepared_is_refused(tmp_path: Path, prepared: Path) -> None:
    with pytest.raises(ValueError, match="unmask-model prepare"):
        PreparedPairs(tmp_path, "train")
    with pytest.raises(ValueError, match="no fakes of the split 'other'"):
        PreparedPairs(prepared, "other")


def test_a_training_says_where_prepared_crops_are_not_the_model_s(
    prepared: Path,
    faces: FaceIndex,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    people = write_people(tmp_path / "people", faces, 30)
    copy = shutil.copytree(prepared, tmp_path / "copy")
    words = ["train", str(people), "--prepared", str(copy), "--workers", "0"]
    words += ["--pictures", "2", "--batch", "2", "--validation-pairs", "1"]
    judged = ["evaluate", str(Path(__file__).parents[2] / "service/weights/unmask.onnx"), str(copy)]
    for command in ([*words, "-o", str(tmp_path / "paper")], judged):
        assert main(command) == 0
        assert "`prepare --crop detector --scale 1.3`" in caplog.text
        caplog.clear()
    settings = copy / "settings.json"
    as_served = json.loads(settings.read_text()) | {"crop": "detector", "scale": 1.3}
    settings.write_text(json.dumps(as_served))
    assert main([*words, "-o", str(tmp_path / "served")]) == 0
    assert "--crop detector" not in caplog.text
    learned = load_checkpoint(tmp_path / "served" / "best.pt").facts["training_data"]
    assert "; 50% of the pairs from copy" in learned


@pytest.mark.parametrize("text", ["[[", "\xff"])
def test_a_damaged_list_is_one_line_that_names_it(
    text: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = shutil.copytree(root / "splits", tmp_path / "splits")
    (lists / "val.json").write_text(text, encoding="latin-1")
    words = ["prepare", str(root), "-o", str(tmp_path / "out"), "--splits", str(lists)]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "val.json is not" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"label": "maybe"},
        {"file": None},
        {"clip": "000"},
        {"mask": 1},
        {"split": None},
        {"enlargement": "much"},
    ],
)
def test_a_damaged_manifest_names_its_row(
    change: dict[str, object], prepared: Path, tmp_path: Path
) -> None:
    first, *rows = rows_of(prepared)
    lines = map(json.dumps, [first | change, *rows])
    (column,) = change
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    with pytest.raises(ValueError, match=rf"manifest\.jsonl is wrong at 0\.{column}"):
        PreparedSource(tmp_path, "test")


@pytest.mark.parametrize("line", ["{", "1"])
def test_a_line_that_is_no_row_is_named(line: str, prepared: Path, tmp_path: Path) -> None:
    whole = (prepared / "manifest.jsonl").read_text()
    (tmp_path / "manifest.jsonl").write_text(whole + line)
    number = whole.count("\n") + 1
    with pytest.raises(ValueError, match=rf"manifest\.jsonl, line {number}, "):
        PreparedPairs(tmp_path, "train")
