"""What shows nothing of what was around a face."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.faces.crop import Box
from service.faces.extract import extract
from service.faces.plan import DetectorPlan, ExtractionPlan
from service.faces.surroundings import share_hidden
from service.media.upload import Upload
from tests.media_files import encode

Pixels = NDArray[np.uint8]
BOX = Box(178, 63, 89, 112)


def hidden(grey: Pixels, left: float = 0.0, top: float = 0.0, enough: float = 0.0) -> float:
    """Of a crop whose corner lies there in a frame of its size."""
    moved = np.array([[1.0, 0.0, left], [0.0, 1.0, top]])
    return share_hidden(grey, moved, (grey.shape[1], grey.shape[0]), enough)


def noise(side: int = 256) -> Pixels:
    return np.random.default_rng(0).integers(0, 255, (side, side), np.uint8)


def portrait(astronaut: Pixels, margin: float, colour: int, *, circle: bool) -> Pixels:
    """The face cut with a margin, in shares of its box, alone in the middle of one colour."""
    width, height = (round((0.5 + margin) * side) for side in (BOX.width, BOX.height))
    left, top = round(BOX.x + BOX.width / 2), round(BOX.y + BOX.height / 2)
    mask = np.zeros(astronaut.shape[:2], np.uint8)
    if circle:
        cv2.circle(mask, (left, top), height, (1.0,), -1)
    else:
        mask[top - height : top + height, left - width : left + width] = 1
    return np.where(mask[..., None] > 0, astronaut, colour).astype(np.uint8)


def warnings(pixels: Pixels) -> tuple[str, ...]:
    (crop,) = extract(Upload(encode(pixels)), ExtractionPlan(detector=DetectorPlan())).crops
    return crop.quality.warnings


@pytest.mark.parametrize("colour", [0, 90, 255])
@pytest.mark.parametrize("circle", [True, False])
def test_a_face_cut_closely_is_tight_also_with_a_border(
    astronaut: Pixels, colour: int, *, circle: bool
) -> None:
    assert "tight" in warnings(portrait(astronaut, 0.0, colour, circle=circle))


@pytest.mark.parametrize("colour", [0, 90, 255])
def test_a_face_with_room_around_is_not(astronaut: Pixels, colour: int) -> None:
    assert "tight" not in warnings(portrait(astronaut, 0.35, colour, circle=True))
    assert "tight" not in warnings(astronaut)


def test_what_is_even_counts_from_the_edge_inwards() -> None:
    picture = noise()
    assert hidden(picture) == 0.0
    picture[:, :64] = 200
    assert hidden(picture) == pytest.approx(0.25, abs=0.01)
    picture[64:192, 96:224] = 200
    assert hidden(picture) == pytest.approx(0.25, abs=0.01), "an even cheek hides nothing"


def test_a_slope_is_no_border() -> None:
    assert hidden(np.tile(np.arange(256, dtype=np.uint8), (256, 1))) < 0.05


def test_a_dim_face_is_no_even_border(astronaut: Pixels) -> None:
    dim = np.asarray(0.2 * astronaut, np.uint8)
    (crop,) = extract(Upload(encode(dim)), ExtractionPlan(detector=DetectorPlan())).crops
    grey = np.asarray(cv2.cvtColor(crop.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    assert share_hidden(grey, crop.crop_to_frame, (512, 512), 0.0) < 0.3


def test_what_is_outside_counts_once() -> None:
    picture = noise()
    picture[:, :64] = 0
    assert hidden(picture, left=-64) == pytest.approx(0.25, abs=0.01)
    assert hidden(picture, left=-32) == pytest.approx(0.25, abs=0.01)
    assert hidden(picture, left=128) == pytest.approx(0.75, abs=0.01)
    assert hidden(np.zeros((256, 256), np.uint8), left=-100, top=30) == pytest.approx(1.0, abs=0.01)


def test_little_that_is_even_is_not_searched_for_its_place() -> None:
    picture = noise()
    picture[:, :64] = 0
    assert hidden(picture, enough=0.4) == 0.0
    assert hidden(picture, left=128, enough=0.4) == pytest.approx(0.75, abs=0.01)


def test_of_a_crop_that_is_all_there_is_nothing_is_hidden() -> None:
    assert share_hidden(np.zeros((256, 256), np.uint8), None, (256, 256), 0.0) == 0.0
