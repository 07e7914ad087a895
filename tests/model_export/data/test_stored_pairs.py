"""Stored pairs: what was made comes back, in part or in full, and nothing else passes for it."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge, Pair
from model_export.data.stored_pairs import (
    LOOK_AGAIN,
    PART,
    SETTINGS,
    StoredPairs,
    open_folder,
    store_part,
    stored_for,
)
from service.faces.crop import CropRule

RULE = CropRule(size=256, sharpening=10.0)


@pytest.fixture(scope="module")
def forge(faces: FaceIndex) -> Forge:
    return Forge(faces, RULE, ("faceswap", "face2face"), strength=0.5)


@pytest.fixture(scope="module")
def pairs(forge: Forge) -> list[Pair]:
    return [forge.draw(np.random.default_rng(number)) for number in range(12)]


@pytest.fixture
def folder(forge: Forge, pairs: list[Pair], tmp_path: Path) -> Path:
    open_folder(tmp_path, forge, seed=0)
    store_part(tmp_path / "0.pairs", filled(pairs[:8]))
    return tmp_path


def filled(pairs: list[Pair]) -> list[Pair]:
    """As many pairs as a file holds."""
    return [pairs[number % len(pairs)] for number in range(PART)]


def drawn(stored: StoredPairs, count: int = 300) -> list[Pair]:
    rng = np.random.default_rng(0)
    return [stored.draw(rng) for _ in range(count)]


def same(one: Pair, other: Pair) -> bool:
    pixels = ("real", "fake", "mask")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in pixels)


def mirrored(pair: Pair) -> Pair:
    return replace(pair, real=pair.real[:, ::-1], fake=pair.fake[:, ::-1], mask=pair.mask[:, ::-1])


def test_every_pair_comes_back_as_it_was_or_as_in_a_mirror(folder: Path, pairs: list[Pair]) -> None:
    found: Counter[tuple[int, bool]] = Counter()
    for pair in drawn(StoredPairs(folder)):
        [(number, turned)] = [
            (number, turned)
            for number, made in enumerate(pairs[:8])
            for turned in (False, True)
            if same(pair, mirrored(made) if turned else made)
        ]
        made = pairs[number]
        assert (pair.family, pair.identity) == (made.family, made.identity)
        assert pair.sharpening == pytest.approx(made.sharpening)
        found[number, turned] += 1
    assert len(found) == 16


def test_the_same_state_gives_the_same_pair(folder: Path) -> None:
    one, other = (drawn(StoredPairs(folder), 5)[4] for _ in range(2))
    assert same(one, other)


def test_pairs_stored_meanwhile_are_drawn(folder: Path, pairs: list[Pair]) -> None:
    stored = StoredPairs(folder)
    store_part(folder / "1.pairs", filled(pairs[8:]))
    (folder / "2.part").write_bytes(b"half of a file")
    before, after = drawn(stored, LOOK_AGAIN - 1), drawn(stored)
    new = [*pairs[8:], *map(mirrored, pairs[8:])]
    assert not any(same(pair, made) for pair in before for made in new)
    assert any(same(pair, made) for pair in after for made in new)


def test_one_family_can_be_left_out(folder: Path, faces: FaceIndex) -> None:
    assert {pair.family for pair in drawn(StoredPairs(folder))} == {"faceswap", "face2face"}
    fewer = stored_for(Forge(faces, RULE, ("faceswap",), strength=0.5), folder)
    assert {pair.family for pair in drawn(fewer)} == {"faceswap"}


def test_crops_need_not_be_sharpened(forge: Forge, folder: Path, faces: FaceIndex) -> None:
    assert any(pair.sharpening > 0 for pair in drawn(stored_for(forge, folder)))
    plain = Forge(faces, replace(RULE, sharpening=0.0), forge.families, strength=0.5)
    assert {pair.sharpening for pair in drawn(stored_for(plain, folder))} == {0.0}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"rule": replace(RULE, scale=1.1)}, "scale 1.3, not 1.1$"),
        ({"rule": replace(RULE, sharpening=5.0)}, "sharpening 10.0, not 5.0$"),
        ({"strength": 1.0}, "strength 0.5, not 1.0$"),
        ({"edited": 0.5}, "edited 0.0, not 0.5$"),
        ({"families": ("faceswap", "lip_sync")}, "no pairs of the family lip_sync$"),
    ],
)
def test_what_a_forge_would_not_have_made_is_refused(
    other: dict[str, Any], reason: str, folder: Path, faces: FaceIndex
) -> None:
    alike = {"rule": RULE, "strength": 0.5, "families": ("faceswap",)}
    with pytest.raises(ValueError, match=reason):
        stored_for(Forge(faces, **{**alike, **other}), folder)


def test_people_of_another_split_are_refused(forge: Forge, folder: Path) -> None:
    others = forge.index.subset(np.array([0]))
    with pytest.raises(ValueError, match="holds pairs of people"):
        stored_for(Forge(others, RULE, forge.families, strength=0.5), folder)


def test_pairs_from_before_any_could_be_edited_are_pairs_without_edits(
    forge: Forge, folder: Path
) -> None:
    path = folder / SETTINGS
    path.write_text(
        json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "edited"})
    )
    open_folder(folder, forge, seed=0)
    assert len(drawn(stored_for(forge, folder), 4)) == 4
    edited = Forge(forge.index, RULE, forge.families, strength=0.5, edited=0.5)
    with pytest.raises(ValueError, match=r"edited 0.0, not 0.5$"):
        stored_for(edited, folder)


def test_a_folder_goes_on_with_the_same_pairs_only(forge: Forge, folder: Path) -> None:
    open_folder(folder, forge, seed=0)
    with pytest.raises(ValueError, match=r"holds other pairs: give an empty folder$"):
        open_folder(folder, forge, seed=1)


@pytest.mark.parametrize("text", [None, "", "[]", '{"size": 64}'])
def test_a_folder_without_stored_pairs_is_refused(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(ValueError, match=r"holds no stored pairs$"):
        StoredPairs(tmp_path)


def test_a_folder_still_empty_is_refused(forge: Forge, tmp_path: Path) -> None:
    open_folder(tmp_path, forge, seed=0)
    with pytest.raises(ValueError, match=r"holds no pairs to learn from yet$"):
        StoredPairs(tmp_path)


def test_pairs_without_their_settings_are_not_adopted(forge: Forge, folder: Path) -> None:
    (folder / SETTINGS).unlink()
    with pytest.raises(ValueError, match=r"holds no stored pairs$"):
        open_folder(folder, forge, seed=0)


def test_a_file_appears_whole_or_not_at_all(
    folder: Path, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Path, __: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            store_part(folder / "1.pairs", filled(pairs))
    assert {path.name for path in folder.iterdir()} == {"0.pairs", SETTINGS}


@pytest.mark.parametrize("left", [0, 1_000, 29_364_992 // 2])
def test_a_damaged_file_is_named(left: int, folder: Path) -> None:
    with (folder / "0.pairs").open("r+b") as file:
        file.truncate(left)
    with pytest.raises(ValueError, match=r"0\.pairs is damaged: `store-pairs` makes it again$"):
        StoredPairs(folder)
