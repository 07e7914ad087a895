"""Pairs of the forge as data."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model_export.data.faces import FaceIndex, load_index
from model_export.sources.synthetic import HELD_OUT, SyntheticSource, part_of
from service.faces.crop import CropRule
from tests.model_export.labelled import write_people


@pytest.fixture(scope="module")
def people(faces: FaceIndex, tmp_path_factory: pytest.TempPathFactory) -> FaceIndex:
    folder: Path = write_people(tmp_path_factory.mktemp("people"), faces, 60)
    return load_index(folder, folder / "landmarks.npz")


def test_nobody_is_in_two_parts(people: FaceIndex) -> None:
    parts = [{*part_of(people, part).names} for part in ("training", "calibration", "test")]
    assert sum(len(part) for part in parts) == 60
    assert len(set.union(*parts)) == 60
    assert all(parts)


def test_what_is_held_out_here_is_what_training_never_saw(people: FaceIndex) -> None:
    learned, _ = people.split(HELD_OUT, seed=0)
    assert part_of(people, "training").names == learned.names


def test_the_same_pairs_every_time(people: FaceIndex) -> None:
    source = SyntheticSource(people, ("faceswap",), 3, CropRule())
    first, again = [*source.samples()], [*source.samples()]
    assert [s.fake for s in first] == [False, True] * 3
    assert {s.method for s in first if s.fake} == {"faceswap"}
    assert all(np.array_equal(a.crop, b.crop) for a, b in zip(first, again, strict=True))
    assert all(s.mask is not None and s.mask.any() for s in first if s.fake)
    assert len({s.group for s in first}) == 6
    # A real and its fake stay together in learning; errors on one person are errors together.
    assert [s.kin for s in first] == [f"pair {n}" for n in (0, 0, 1, 1, 2, 2)]
    assert first[0].trial == first[1].trial
    shown = {s.trial for s in SyntheticSource(people, ("faceswap",), 12, CropRule()).samples()}
    assert 1 < len(shown) < 12


def test_worker_processes_make_the_same_pairs(people: FaceIndex) -> None:
    alone = SyntheticSource(people, ("self_blend",), 4, CropRule())
    shared = SyntheticSource(people, ("self_blend",), 4, CropRule(), workers=2)
    pairs = zip(alone.samples(), shared.samples(), strict=True)
    assert all(np.array_equal(a.crop, b.crop) for a, b in pairs)


def test_worker_processes_start_beside_the_threads_of_opencv(people: FaceIndex) -> None:
    source = SyntheticSource(people, ("self_blend",), 1, CropRule(), workers=1)
    before = cv2.getNumThreads()
    cv2.setNumThreads(4)
    try:
        for _ in range(2):
            cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 0)
            assert len([*source.samples()]) == 2
    finally:
        cv2.setNumThreads(before)


def test_too_few_people_are_refused(people: FaceIndex) -> None:
    with pytest.raises(ValueError, match="too few people"):
        part_of(people.subset(np.arange(10)), "test")
