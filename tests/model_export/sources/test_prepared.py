"""Prepared crops of several methods, to judge."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faceforensics import MANIFEST, METHODS, read_manifest
from model_export.evaluation.figures import summarise
from model_export.evaluation.rows import Row
from model_export.sources.prepared import PreparedSource
from model_export.sources.sample import Sample
from service.faces.sharpening import amount_at
from tests.model_export.colour_model import NOTE, write_colour_model
from tests.model_export.evaluation.rows import row
from tests.model_export.labelled import Lengths, write_faceforensics

FRAMES = 3


def prepare(root: Path, out: Path, *more: str) -> int:
    words = ["prepare", str(root), "-o", str(out), "--frames", str(FRAMES), "--workers", "1"]
    return main([*words, *more])


@pytest.fixture(scope="module")
def prepared(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All four methods, three frames of each clip."""
    folder = tmp_path_factory.mktemp("four")
    root = write_faceforensics(folder / "ff", astronaut, METHODS)
    assert prepare(root, folder / "out") == 0
    return folder / "out"


def test_each_real_frame_is_given_once_however_many_methods_there_are(prepared: Path) -> None:
    samples = [*PreparedSource(prepared, "test").samples()]
    frames = Counter(sample.group for sample in samples)
    assert {*frames.values()} == {FRAMES}, "clips of both classes are seen equally often"
    reals = {sample.group for sample in samples if not sample.fake}
    assert reals == {"youtube_004", "youtube_005"}
    assert len(frames) == len(reals) + 2 * len(METHODS)


def test_of_one_method_the_reals_beside_it_are_given(prepared: Path) -> None:
    for method in METHODS:
        samples = [*PreparedSource(prepared, "test", (method,)).samples()]
        assert sum(sample.fake for sample in samples) == len(samples) / 2 == 2 * FRAMES


def test_a_method_that_was_not_prepared_is_one_line(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a misspelt one among others nobody would notice."""
    model = write_colour_model(tmp_path / "colour.onnx")
    words = ["evaluate", str(model), str(prepared), "--method", "FaceSwap", "--method", "Faceswap"]
    assert main(words) == 1
    told = f"{prepared} has nothing of 'Faceswap': it has {', '.join(METHODS)}\n"
    assert capsys.readouterr().err == f"unmask-model evaluate: {told}"


def test_a_real_clip_is_seen_in_the_frames_of_the_method_that_has_most_of_it(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    for methods, lengths in ((("Deepfakes",), Lengths(9, 2, 2)), (("FaceSwap",), Lengths(9, 6, 6))):
        root = write_faceforensics(tmp_path / "ff", astronaut, methods, lengths)
        prepare(root, tmp_path / "out", "--method", *methods)
    frames = Counter(s.group for s in PreparedSource(tmp_path / "out", "test").samples())
    assert frames["Deepfakes_004_005"] == 2
    assert frames["FaceSwap_004_005"] == frames["youtube_004"] == FRAMES


def test_a_real_and_the_fakes_made_from_it_are_kin(prepared: Path) -> None:
    kin: dict[str, set[str]] = defaultdict(set)
    for sample in PreparedSource(prepared, "test").samples():
        kin[sample.kin].add(sample.group)
    assert {*map(len, kin.values())} == {1 + len(METHODS)}
    assert any({"youtube_004", "FaceSwap_004_005"} <= groups for groups in kin.values())


def test_an_evaluation_counts_each_real_clip_once(prepared: Path, tmp_path: Path) -> None:
    model = write_colour_model(tmp_path / "colour.onnx")
    assert main(["evaluate", str(model), str(prepared), "-o", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "report.json").read_text())["figures"]
    for kind, frames in (("clips", 1), ("crops", FRAMES)):
        assert figures[kind]["reals"] == 2 * frames
        assert figures[kind]["fakes"] == 2 * len(METHODS) * frames
        assert {*figures[kind]["per_method"]} == {*METHODS}


def write_manifest(folder: Path, clips: int, frames: int) -> None:
    """Rows of all methods as `prepare` writes them, all of one small grey picture."""
    folder.mkdir()
    cv2.imwrite(str(folder / "grey.png"), np.full((8, 8, 3), 99, np.uint8))
    common = {"file": "grey.png", "split": "test", "enlargement": 1.0, "mask": None}
    rows: list[dict[str, Any]] = []
    for number in range(clips):
        for method in METHODS:
            for frame in range(frames):
                place = {"method": method, "frame": frame, **common}
                name = f"{method}_{number:03d}_{number + 500}"
                rows.append({"label": "fake", "clip": name, **place})
                rows.append({"label": "real", "clip": f"youtube_{number:03d}", **place})
    (folder / MANIFEST).write_text("".join(json.dumps(row) + "\n" for row in rows))


def coin(sample: Sample, rng: np.random.Generator) -> Row:
    """What a detector says that does not look."""
    logit = float(rng.normal())
    said = row(logit, sample.method, sample.group, track=sample.track)
    return replace(said, kin=sample.kin)


def test_a_detector_that_flips_coins_tells_no_clip_from_another(tmp_path: Path) -> None:
    write_manifest(tmp_path / "prepared", clips=120, frames=8)
    rng = np.random.default_rng(0)
    rows = [coin(sample, rng) for sample in PreparedSource(tmp_path / "prepared", "test").samples()]
    clips = summarise(rows, 0.5, NOTE)["clips"]
    assert (clips["fakes"], clips["reals"]) == (120 * len(METHODS), 120)
    # The standard error is 0.03; with every method's reals in one track it was 0.72.
    assert 0.42 < clips["auc"] < 0.58


@pytest.mark.parametrize("stored", [64, 512])
def test_crops_are_sharpened_for_the_size_the_network_sees(
    stored: int, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("Deepfakes",))
    assert prepare(root, tmp_path / "out", "--size", str(stored)) == 0
    box = next(row["box"] for row in read_manifest(tmp_path / "out") if row["split"] == "test")
    for size in (128, 256):
        source = PreparedSource(tmp_path / "out", "test", size=size, sharpening=2.0)
        sample = next(source.samples())
        amount = amount_at(2.0, size / (1.3 * box[3]))
        assert sample.sharpening == pytest.approx(amount, rel=0.03)
        assert sample.crop.shape == (size, size, 3)
        assert sample.mask is not None
        assert sample.mask.shape == (size, size)
