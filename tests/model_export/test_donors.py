"""Who a face is swapped with."""

from dataclasses import replace

import numpy as np
import pytest

from model_export.data import donors
from model_export.data.faces import FaceIndex, RealFace
from model_export.data.forge import Forge
from service.faces.crop import CropRule


def test_nobody_is_swapped_with_oneself(faces: FaceIndex) -> None:
    read: set[int] = set()

    class Watched(FaceIndex):
        def read(self, position: int) -> RealFace:
            read.add(position)
            return super().read(position)

    landmarks = np.repeat(faces.landmarks[:1], 24, 0)
    # Her own pictures would fit best.
    landmarks[12:] += np.random.default_rng(0).normal(0, 4, (12, 68, 2))
    people = np.r_[np.zeros(12, np.int64), np.arange(1, 13)]
    index = Watched(
        faces.root, faces.names[:1] * 24, landmarks, np.repeat(faces.boxes[:1], 24, 0), people
    )
    forge = Forge(index, CropRule(), ("faceswap",))
    met = 0
    for seed in range(20):
        read.clear()
        forge.manipulate(0, 120, np.random.default_rng(seed))
        met += bool(read & {*range(1, 12)})
    # Now and then one is what a face is moved in front of.
    assert met < 0.4 * 20, met


@pytest.mark.parametrize("fits", [0.0, 1.0])
def test_of_few_people_the_others_are_who_is_swapped_with(
    fits: float, faces: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than a shortlist; and one who is drawn so often that no candidate is another."""
    monkeypatch.setattr(donors, "UNFIT", 1 - fits)
    person = np.r_[np.zeros(2000, np.int64), 1, 2]
    weights = np.arange(1, len(person) + 1) / len(person)
    for count in (2, len(person)):
        index = FaceIndex(
            faces.root,
            faces.names[:1] * count,
            np.repeat(faces.landmarks[:1], count, 0),
            np.repeat(faces.boxes[:1], count, 0),
            person[-count:],
        )
        drawn = donors.Donors(index, weights[:count] / weights[count - 1])
        for seed in range(40):
            shortlist = drawn.shortlist(0, np.random.default_rng(seed))
            assert shortlist
            assert index.identities[0] not in index.identities[shortlist]


def test_nobody_else_is_nobody_to_swap_with(faces: FaceIndex) -> None:
    alone = replace(faces, identities=np.zeros(len(faces), np.int64))
    with pytest.raises(ValueError, match="at least two people, and all 3 here show one"):
        Forge(alone, CropRule(), ("faceswap",)).manipulate(0, 60, np.random.default_rng(0))
    assert Forge(alone, CropRule(), ("lip_sync",)).pair(0, np.random.default_rng(0))


def test_donors_are_often_as_whole_as_targets(faces: FaceIndex) -> None:
    read: set[int] = set()

    class Watched(FaceIndex):
        def read(self, position: int) -> RealFace:
            read.add(position)
            return super().read(position)

    count, whole = 200, 198
    boxes = np.repeat(faces.boxes[:1], count, 0)
    boxes[:whole, 0] = -1  # all but two are cut tight
    landmarks = np.repeat(faces.landmarks[:1], count, 0)
    # Among these poses the whole picture's fits best, if only it is a candidate.
    landmarks[:whole] += np.random.default_rng(0).normal(0, 2, (whole, 68, 2))
    index = Watched(
        faces.root,
        faces.names[:1] * count,
        landmarks,
        boxes,
        np.arange(count, dtype=np.int64),
    )
    forge = Forge(index, CropRule(), ("faceswap",))
    met = 0
    for seed in range(100):
        read.clear()
        forge.manipulate(count - 1, 120, np.random.default_rng(seed))
        met += whole in read
    # Drawn like any other picture it would be a candidate in 27 % of the swaps.
    assert met > 0.4 * 100, met
