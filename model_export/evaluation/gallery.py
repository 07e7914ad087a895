"""The pictures worth looking at: the best and the worst a detector did."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.pictures import COUNTS_FROM, write_picture
from model_export.evaluation.rows import Row
from model_export.sources.sample import Sample

Picture = NDArray[np.uint8]
KEPT, TILE = 12, 192
CATEGORIES = {
    "fakes_best": "fakes found with the best masks",
    "fakes_worst": "fakes with the lowest P(fake)",
    "reals_worst": "reals with the highest P(fake)",
    "reals_best": "reals with the lowest P(fake)",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One judged crop, drawn: uint8 RGB (TILE, 3 x TILE, 3) and its caption."""

    pixels: Picture
    caption: str


class Gallery:
    """Keeps the most telling crops of each category while rows go by, one of each picture or clip.

    Frames of a clip look alike: with all of them a sheet would show little else.
    """

    def __init__(self, level: int) -> None:
        self._level = level
        self._kept: dict[str, dict[str, tuple[float, Tile]]] = {name: {} for name in CATEGORIES}

    def add(self, row: Row, sample: Sample, mask: NDArray[np.uint8]) -> None:
        """Consider one row."""
        if not row.fake:
            self._offer("reals_worst", row.logit, row, sample, mask)
            self._offer("reals_best", -row.logit, row, sample, mask)
            return
        self._offer("fakes_worst", -row.logit, row, sample, mask)
        if row.match is not None:
            self._offer("fakes_best", row.match.iou, row, sample, mask)

    def _offer(
        self, category: str, rank: float, row: Row, sample: Sample, mask: NDArray[np.uint8]
    ) -> None:
        kept = self._kept[category]
        full = row.group not in kept and len(kept) == KEPT
        replaced = min(kept, key=lambda group: kept[group][0]) if full else row.group
        if replaced in kept and rank <= kept[replaced][0]:
            return
        kept.pop(replaced, None)
        kept[row.group] = rank, draw_tile(row, sample, mask, self._level)

    def write(self, folder: Path) -> list[str]:
        """Write one sheet per category; returns the names of the files."""
        names = []
        for category, kept in self._kept.items():
            if kept:
                ranked = sorted(kept.values(), key=lambda each: each[0], reverse=True)
                sheet = draw_sheet([tile for _, tile in ranked])
                names.append(f"overlays_{category}.png")
                write_picture(folder / names[-1], sheet)
        return names


def draw_tile(row: Row, sample: Sample, mask: NDArray[np.uint8], level: int) -> Tile:
    """The crop; the crop with its truth in green; the crop with the prediction in red."""
    side = (TILE, TILE)
    crop = np.asarray(cv2.resize(sample.crop, side, interpolation=cv2.INTER_AREA), np.uint8)
    truth = np.zeros_like(mask) if sample.mask is None else sample.mask
    shown = [crop]
    for region, colour in ((truth >= COUNTS_FROM, (0, 255, 0)), (mask >= level, (255, 0, 0))):
        small = cv2.resize(region.astype(np.uint8), side, interpolation=cv2.INTER_NEAREST) > 0
        tinted = crop.copy()
        tinted[small] = (0.55 * crop[small] + 0.45 * np.array(colour)).astype(np.uint8)
        shown.append(tinted)
    overlap = "" if row.match is None or not row.fake else f" IoU {row.match.iou:.2f}"
    return Tile(np.hstack(shown), f"{row.method} P {row.probability:.3f}{overlap}")


def draw_sheet(tiles: list[Tile]) -> Picture:
    """Tiles with their captions, row by row, uint8 RGB."""
    line, columns = 18, 2
    height, width = TILE + line, 3 * TILE
    rows = (len(tiles) + columns - 1) // columns
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top + line : top + height, left : left + width] = tile.pixels
        cv2.putText(
            sheet, tile.caption, (left + 4, top + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1
        )
    return sheet
