"""What one media worker gives back for one upload."""

from dataclasses import dataclass

import numpy as np

from service.errors import MediaCorruptError
from service.faces.crop import Box, FaceCrop, Quality
from service.faces.plan import ExtractionPlan
from service.media.info import MediaInfo


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything the later stages know of an upload; frames never leave the worker.

    crops: every face of every analysed frame, ordered by frame, then track.
    frames: (index, time in seconds) of each analysed frame, with or without a face.
    seconds: wall-clock time the worker spent.
    """

    media: MediaInfo
    crops: tuple[FaceCrop, ...]
    frames: tuple[tuple[int, float], ...]
    seconds: float

    def expect_within(self, plan: ExtractionPlan) -> None:
        """Raise MediaCorruptError where a worker claims more than the plan lets it find.

        What the later stages allocate follows from these numbers, and a worker may be in the
        hands of the file that it decoded.
        """
        size, most = plan.crop.size, plan.frames * plan.max_faces
        good = (
            0 < self.media.width * self.media.height <= plan.limits.max_pixels
            and min(self.media.width, self.media.height) > 0
            and len(self.frames) <= max(1, plan.frames)
            and len(self.crops) <= most
            and all(
                crop.pixels.shape == (size, size, 3)
                and crop.pixels.dtype == np.uint8
                and crop.crop_to_frame.shape == (2, 3)
                and np.isfinite(crop.crop_to_frame).all()
                for crop in self.crops
            )
        )
        if not good:
            raise MediaCorruptError("The file cannot be decoded.")


ANSWERS = (Extraction, MediaInfo, FaceCrop, Box, Quality)
"""The dataclasses that an extraction is made of."""
