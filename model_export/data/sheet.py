"""A contact sheet: reals, fakes and masks side by side, for the eye."""

from collections.abc import Sequence

import cv2
import numpy as np

from model_export.data.forge import Pair
from model_export.data.warp import Picture

COLUMNS, TILE = 8, 160


def contact_sheet(pairs: Sequence[Pair]) -> Picture:
    """uint8 RGB; three rows for every eight pairs: real, fake, mask with the family's name."""
    rows = []
    for first in range(0, len(pairs), COLUMNS):
        group = pairs[first : first + COLUMNS]
        for tiles in (
            [p.real for p in group],
            [p.fake for p in group],
            [_named(p) for p in group],
        ):
            small = [cv2.resize(t, (TILE, TILE), interpolation=cv2.INTER_AREA) for t in tiles]
            blank = [np.zeros((TILE, TILE, 3), np.uint8)] * (COLUMNS - len(small))
            rows.append(np.hstack([*small, *blank]))
    return np.asarray(np.vstack(rows), np.uint8)


def _named(pair: Pair) -> Picture:
    mask = cv2.cvtColor(pair.mask, cv2.COLOR_GRAY2RGB)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(mask, pair.family, (4, 18), font, 0.6, (255, 200, 0), 1, cv2.LINE_AA)
    return np.asarray(mask, np.uint8)
