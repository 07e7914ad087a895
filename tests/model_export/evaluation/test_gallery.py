"""Which pictures are shown of an evaluation."""

from pathlib import Path

import numpy as np

from model_export.data.pictures import read_picture
from model_export.evaluation.gallery import KEPT, TILE, Gallery
from model_export.sources.sample import Sample
from tests.model_export.evaluation.rows import row

BLACK = np.zeros((8, 8), np.uint8)
CAPTION_PX = 18


def shown(sheet: Path) -> list[int]:
    """The grey level of every crop on a sheet, tile by tile."""
    pixels = read_picture(sheet)
    tops = range(CAPTION_PX, pixels.shape[0], TILE + CAPTION_PX)
    levels = [int(pixels[top, left, 0]) for top in tops for left in (0, 3 * TILE)]
    return [level for level in levels if level != 255]


def test_each_clip_is_shown_once_by_its_most_telling_frame(tmp_path: Path) -> None:
    gallery = Gallery(128)
    # The later a clip the more it looks like a fake; two of its frames do less.
    for clip in range(KEPT + 3):
        for frame, logit in enumerate((-0.5, 0.5, 0.0)):
            crop = np.full((8, 8, 3), 10 * clip + frame, np.uint8)
            sample = Sample(crop, False, None, None, str(clip))
            gallery.add(row(clip + logit, None, str(clip)), sample, BLACK)
    assert gallery.write(tmp_path) == ["overlays_reals_worst.png", "overlays_reals_best.png"]
    worst = [10 * clip + 1 for clip in range(KEPT + 2, 2, -1)]
    assert shown(tmp_path / "overlays_reals_worst.png") == worst
    best = [10 * clip for clip in range(KEPT)]
    assert shown(tmp_path / "overlays_reals_best.png") == best


def test_a_clip_that_was_passed_over_comes_back_with_a_better_frame(tmp_path: Path) -> None:
    gallery = Gallery(128)
    frames = [*((str(clip), float(clip)) for clip in range(KEPT + 1)), ("0", 99.0), ("0", 50.0)]
    for level, (clip, logit) in enumerate(frames):
        sample = Sample(np.full((8, 8, 3), level, np.uint8), False, None, None, clip)
        gallery.add(row(logit, None, clip), sample, BLACK)
    gallery.write(tmp_path)
    assert shown(tmp_path / "overlays_reals_worst.png") == [KEPT + 1, *range(KEPT, 1, -1)]
