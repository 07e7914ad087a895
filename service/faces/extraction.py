"""What one media worker gives back for one upload."""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.faces.crop import Box, FaceCrop, Quality
from service.faces.plan import ExtractionPlan
from service.media.info import MediaInfo

# Frame pixels for a crop's pixel, and from the frame's corner: far beyond any real crop.
_MOST_SCALE, _FARTHEST_PX = 1e4, 1e7


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything the later stages know of an upload; frames never leave the worker.

    crops: every face of every analysed frame, ordered by frame, then track.
    frames: (index, from when, until when in seconds it is on screen) of each analysed frame, with
    or without a face.
    seconds: wall-clock time the worker spent.
    """

    media: MediaInfo
    crops: tuple[FaceCrop, ...]
    frames: tuple[tuple[int, float, float], ...]
    seconds: float

    def within(self, plan: ExtractionPlan) -> bool:
        """Whether a worker that was given the plan could have found this.

        What the later stages allocate and draw follows from these numbers, and a worker may be
        in the hands of the file that it decoded.
        """
        media, size = self.media, plan.crop.size
        indices = [index for index, _, _ in self.frames]
        per_frame = Counter(crop.frame_index for crop in self.crops)
        places = {(crop.frame_index, crop.track) for crop in self.crops}
        return (
            min(media.width, media.height) > 0
            and media.width * media.height <= plan.limits.max_pixels
            and _follow_one_another(self.frames)
            and 0 < len(indices) <= (plan.frames if media.kind == "video" else 1)
            and per_frame.keys() <= set(indices)
            and max(per_frame.values(), default=0) <= plan.max_faces
            and len(places) == len(self.crops)
            and all(
                crop.pixels.shape == (size, size, 3)
                and crop.pixels.dtype == np.uint8
                and _turns_and_scales(crop.crop_to_frame)
                for crop in self.crops
            )
        )


def _follow_one_another(frames: tuple[tuple[int, float, float], ...]) -> bool:
    """Whether frames come in their order, none before the last is gone: time gives them weight."""
    return all(0 <= time_s <= until_s for _, time_s, until_s in frames) and all(
        old[0] < new[0] and old[2] <= new[1] for old, new in pairwise(frames)
    )


def _turns_and_scales(affine: NDArray[Any]) -> bool:
    """Whether it can be where a crop lies: what is drawn by it must have a size and a place."""
    if affine.shape != (2, 3) or affine.dtype != np.float64 or not np.isfinite(affine).all():
        return False
    (a, b, x), (c, d, y) = affine.tolist()
    scale = math.hypot(a, c)
    near = max(abs(x), abs(y)) < _FARTHEST_PX
    return a == d and b == -c and 1 / _MOST_SCALE < scale < _MOST_SCALE and near


ANSWERS = (Extraction, MediaInfo, FaceCrop, Box, Quality)
"""The dataclasses that an extraction is made of."""
