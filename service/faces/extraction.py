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

# No PNG of a mask is wider or higher.
_MOST_SIDE = 1_000_000
# A clip's end may lie a little beyond the limit that its frames are held to.
_MOST_TIMES = 2.0
_WHITE = 255
_MOST_WORDS, _LONGEST_WORD = 16, 64
# A face that is kept has room for a quarter of its time at least.
_MOST_CROWDED_OUT = 3
# Frame pixels for a crop's pixel, and from the frame's corner: far beyond any real crop.
_MOST_SCALE, _FARTHEST_PX = 1e4, 1e7


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything the later stages know of an upload; frames never leave the worker.

    crops: every face of every analysed frame, ordered by frame, then track.
    frames: (index, from when, until when in seconds it is on screen) of each analysed frame, with
    or without a face.
    """

    media: MediaInfo
    crops: tuple[FaceCrop, ...]
    frames: tuple[tuple[int, float, float], ...]

    def within(self, plan: ExtractionPlan) -> bool:
        """Whether a worker that was given the plan could have found this.

        What the later stages allocate and draw follows from these numbers, and a worker may be
        in the hands of the file that it decoded.
        """
        times = {index: time_s for index, time_s, _ in self.frames}
        per_frame = Counter(crop.frame_index for crop in self.crops)
        places = {(crop.frame_index, crop.track) for crop in self.crops}
        return (
            self._media_fits(plan)
            and _follow_one_another(self.frames, _MOST_TIMES * plan.limits.max_duration_s)
            and per_frame.keys() <= times.keys()
            and max(per_frame.values(), default=0) <= plan.max_faces
            and len(places) == len(self.crops)
            and _tracks_fit(self.crops)
            and all(
                _crop_fits(crop, plan.crop.size) and crop.time_s == times[crop.frame_index]
                for crop in self.crops
            )
        )

    def _media_fits(self, plan: ExtractionPlan) -> bool:
        media = self.media
        most = plan.frames if media.kind == "video" else 1
        return (
            min(media.width, media.height) > 0
            and max(media.width, media.height) <= _MOST_SIDE
            and media.width * media.height <= plan.limits.max_pixels
            and 0 < media.frames_analyzed == len(self.frames) <= min(most, media.frames_total)
            and 0 <= (media.duration_s or 0.0) <= _MOST_TIMES * plan.limits.max_duration_s
            and _plain((media.format, media.sha256, *media.warnings))
        )


def _follow_one_another(frames: tuple[tuple[int, float, float], ...], latest_s: float) -> bool:
    """Whether frames come in their order, none before the last is gone: time gives them weight."""
    return all(0 <= time_s <= until_s <= latest_s for _, time_s, until_s in frames) and all(
        old[0] < new[0] and old[2] <= new[1] for old, new in pairwise(frames)
    )


def _tracks_fit(crops: tuple[FaceCrop, ...]) -> bool:
    """Whether all crops of each track say the same of it, and no more than can be."""
    seen = Counter(crop.track for crop in crops)
    said = {(crop.track, crop.person, crop.crowded_out) for crop in crops}
    return len(said) == len(seen) and all(
        0 <= crowded_out <= _MOST_CROWDED_OUT * seen[track] for track, _, crowded_out in said
    )


def _crop_fits(crop: FaceCrop, size: int) -> bool:
    quality = crop.quality
    return (
        crop.pixels.shape == (size, size, 3)
        and crop.pixels.dtype == np.uint8
        and _turns_and_scales(crop.crop_to_frame)
        and min(crop.box.width, crop.box.height) > 0
        and 0 <= crop.detection_score <= 1
        and 0 <= quality.brightness <= _WHITE
        and min(quality.width_px, quality.sharpness, quality.blockiness) >= 0
        and _plain(quality.warnings)
    )


def _plain(words: tuple[str, ...]) -> bool:
    """Whether these can be names and codes."""
    return len(words) <= _MOST_WORDS and all(
        word.isascii() and len(word) <= _LONGEST_WORD for word in words
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
