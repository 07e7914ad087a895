"""Pairs for training out of prepared crops."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.cli import main
from model_export.data.faceforensics import MANIFEST, read_manifest
from model_export.data.prepared_pairs import PreparedPairs, resized
from service.faces.sharpening import amount_at
from tests.model_export.labelled import save, write_faceforensics

STRENGTH = 2.0


@pytest.mark.parametrize("stored", [64, 128, 256])
def test_pairs_are_sharpened_for_the_size_they_are_given_at(
    stored: int, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("FaceSwap",))
    out = tmp_path / "out"
    words = ["prepare", str(root), "-o", str(out), "--frames", "1", "--workers", "1"]
    assert main([*words, "--size", str(stored)]) == 0
    boxes = {256 / (1.3 * row["box"][3]) for row in read_manifest(out) if row["split"] == "train"}
    drawn = PreparedPairs(out, "train", size=256, sharpening=STRENGTH).draw(
        np.random.default_rng(0)
    )
    # The square shows the same part of the frame whatever size it is stored at.
    assert any(
        drawn.sharpening == pytest.approx(amount_at(STRENGTH, each), rel=0.03) for each in boxes
    )
    assert drawn.real.shape == drawn.fake.shape == (256, 256, 3)


def test_crops_are_enlarged_as_the_service_enlarges(astronaut: NDArray[np.uint8]) -> None:
    small = np.ascontiguousarray(astronaut[80:144, 190:254])
    enlarged = resized(small, 256)
    assert enlarged.shape == (256, 256, 3)
    steps = np.abs(np.diff(enlarged.astype(int), axis=1)).sum(2)
    assert (steps == 0).mean() < 0.2, "an enlargement by area repeats every pixel four times"
    assert resized(small, 64) is small


def test_a_pair_is_degraded_alike_and_its_mask_moves_with_it(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    root = write_faceforensics(tmp_path / "ff", astronaut, ("FaceSwap",))
    out = tmp_path / "out"
    words = ["prepare", str(root), "-o", str(out), "--frames", "1", "--workers", "1"]
    assert main([*words, "--crop", "detector", "--scale", "2"]) == 0
    pairs = PreparedPairs(out, "train", size=256, strength=1.0)
    for seed in range(12):
        pair = pairs.draw(np.random.default_rng(seed))
        change = np.abs(pair.real.astype(int) - pair.fake).mean(-1)
        outside = cv2.dilate(pair.mask, np.ones((25, 25))) == 0
        assert np.median(change[outside]) < 10, seed
    mark = np.zeros((256, 256), np.uint8)
    mark[40:120, 30:90] = 255
    for row in read_manifest(out):
        if row["label"] == "fake":
            save(out / row["file"], mark)
            save(out / row["mask"], mark)
    for seed in range(6):
        pair = pairs.draw(np.random.default_rng(seed))
        assert np.corrcoef(pair.fake.mean(-1).ravel(), pair.mask.ravel())[0, 1] > 0.8, seed


def test_at_full_strength_half_of_the_pairs_are_degraded_as_far_as_that_goes(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    face = astronaut[:256, 96:352]
    crop = np.asarray(cv2.resize(face, (64, 64), interpolation=cv2.INTER_AREA), np.uint8)
    place = "FaceSwap/000_001/0.png"
    for name in ("real/FaceSwap/000/0.png", f"fake/{place}", f"mask/{place}"):
        save(tmp_path / "train" / name, crop)
    row = {"split": "train", "label": "fake", "method": "FaceSwap", "clip": "000_001"}
    row |= {"file": f"train/fake/{place}", "mask": f"train/mask/{place}"}
    (tmp_path / MANIFEST).write_text(json.dumps(row | {"enlargement": 1.0}))

    def alike(one: float, other: float) -> float:
        drawn = (
            [
                PreparedPairs(tmp_path, "train", size=64, strength=strength).draw(
                    np.random.default_rng(seed)
                )
                for strength in (one, other)
            ]
            for seed in range(60)
        )
        return float(np.mean([np.array_equal(a.real, b.real) for a, b in drawn]))

    # Each suffers from none to twice of the strength, and what suffers in full suffers alike. Of
    # two out of five pairs either strength asks for nothing that depends on it.
    assert alike(0.4, 0.5) == pytest.approx(0.38, abs=0.12)
    assert alike(0.9, 1.0) == pytest.approx(0.72, abs=0.1)
