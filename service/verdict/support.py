"""What a face must have for the model to be believed."""

from dataclasses import dataclass

from service.faces.crop import Quality


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
        blurred = ("face_too_blurred",) if quality.sharpness < self.min_sharpness else ()
        covered = ("face_covered",) if "covered" in quality.warnings else ()
        tight = ("face_too_tight",) if "tight" in quality.warnings else ()
        return small + blurred + covered + tight
