"""Neither class is sharper than the other."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.metrics.surface import surface_of
from model_export.sources.entries import list_entries
from model_export.sources.equal_sharpness import equal_blurs
from model_export.sources.folders import FolderSource
from service.faces.crop import CropRule
from tests.media_files import clip
from tests.model_export.labelled import save

RULE = CropRule()


def blurred(pixels: NDArray[np.uint8], deviation: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), deviation), np.uint8)


def write(folder: Path, pixels: NDArray[np.uint8], reals: list[float], fakes: list[float]) -> None:
    for name, deviations in (("real", reals), ("fake/swap", fakes)):
        for number, deviation in enumerate(deviations):
            picture = blurred(pixels, deviation) if deviation else pixels
            save(folder / name / f"{number}.png", picture)


def sharpness(folder: Path, blurs: dict[str, float]) -> dict[str, float]:
    samples = FolderSource(folder, RULE, blurs=blurs).samples()
    return {sample.group: surface_of(sample.crop).sharpness for sample in samples}


def test_the_sharper_class_is_softened_rank_by_rank(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    write(tmp_path, astronaut, reals=[0.0, 0.7], fakes=[2.0, 1.3])
    before = sharpness(tmp_path, {})
    assert before["real/1.png"] > before["fake/swap/1.png"]
    blurs = equal_blurs(list_entries(tmp_path))
    assert {*blurs} == {"real/0.png", "real/1.png"}
    after = sharpness(tmp_path, blurs)
    for real, fake in (("real/0.png", "fake/swap/1.png"), ("real/1.png", "fake/swap/0.png")):
        assert after[fake] == before[fake]
        assert after[real] == pytest.approx(after[fake], rel=0.03)
    assert after["real/0.png"] > after["real/1.png"]


def test_each_class_is_softened_where_it_is_the_sharper_one(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    # The sharpest of three is a fake, the softest one, too: in between they are alike.
    write(tmp_path, astronaut, reals=[0.7, 1.0, 1.3], fakes=[0.0, 1.0, 2.0])
    blurs = equal_blurs(list_entries(tmp_path))
    assert {*blurs} == {"fake/swap/0.png", "real/2.png"}
    after = sharpness(tmp_path, blurs)
    for number in range(3):
        assert after[f"real/{number}.png"] == pytest.approx(
            after[f"fake/swap/{number}.png"], rel=0.03
        )


def test_classes_of_unlike_size_are_compared_share_by_share(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    write(tmp_path, astronaut, reals=[0.0, 0.0, 0.0], fakes=[1.0])
    blurs = equal_blurs(list_entries(tmp_path))
    assert {*blurs} == {"real/0.png", "real/1.png", "real/2.png"}
    assert [*blurs.values()] == pytest.approx([1.0] * 3, abs=0.05)


def test_what_has_no_picture_of_a_face_stays_as_it_is(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    write(tmp_path, astronaut, reals=[0.0], fakes=[1.5])
    (tmp_path / "real/clip.mp4").write_bytes(clip([astronaut] * 3))
    save(tmp_path / "real/wall.png", np.full((90, 90, 3), 128, np.uint8))
    (tmp_path / "real/notes.txt").write_text("no picture")
    (tmp_path / "real/empty.png").write_bytes(b"")
    assert {*equal_blurs(list_entries(tmp_path))} == {"real/0.png"}


def test_without_a_picture_in_the_other_class_nothing_is_softened(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    write(tmp_path, astronaut, reals=[0.0], fakes=[])
    assert equal_blurs(list_entries(tmp_path)) == {}


def test_workers_find_the_same(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    write(tmp_path, astronaut, reals=[0.0], fakes=[1.5])
    entries = list_entries(tmp_path)
    assert equal_blurs(entries, workers=2) == equal_blurs(entries)


def test_a_face_is_never_blurred_until_it_is_lost(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    # So little contrast has this fake that a blur which takes the real to it leaves no face.
    flat = np.asarray(np.round(astronaut * 0.07 + 119), np.uint8)
    save(tmp_path / "real/0.png", astronaut)
    save(tmp_path / "fake/0.png", flat)
    blurs = equal_blurs(list_entries(tmp_path))
    before, after = sharpness(tmp_path, {}), sharpness(tmp_path, blurs)
    assert before["fake/0.png"] < after["real/0.png"] < before["real/0.png"]
    source = FolderSource(tmp_path, RULE, blurs=blurs)
    assert len([*source.samples()]) == 2
    assert source.tally.whole == []
