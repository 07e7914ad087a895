"""What a face must have for the model to be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.faces.crop import Quality
from service.faces.often import often


@dataclass(frozen=True, slots=True)
class SupportRule:
    """Least quality of a face.

    min_width_px: least width of the face box in frame pixels.
    min_sharpness: least standard deviation of the Laplacian of the grey crop, grey levels.
    """

    min_width_px: int
    min_sharpness: float

    def reasons(self, quality: Quality) -> tuple[str, ...]:
        """Stable codes of what a face lacks; empty when it is good enough."""
        small = ("face_too_small",) if quality.width_px < self.min_width_px else ()
        soft = quality.sharpness < self.min_sharpness or "shaken" in quality.warnings
        blurred = ("face_too_blurred",) if soft else ()
        covered = ("face_covered",) if "covered" in quality.warnings else ()
        tight = ("face_too_tight",) if "tight" in quality.warnings else ()
        return small + blurred + covered + tight


def seen_well(good: Sequence[bool], crowded_out: int = 0) -> bool:
    """Whether a face is seen well enough to be judged: in half its frames, or a quarter in a row.

    good: of each frame, in order of time, at least one: whether the rule finds nothing to lack. A
    quarter in a row is what decides on a clip (`track_logit`); single frames that just pass, of a
    face that lies at one of the rule's limits, say nothing of the rest. crowded_out: see
    `FaceCrop`.
    """
    return often(good, crowded_out)
