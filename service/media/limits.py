"""How much one upload may ask of a worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Every limit is inclusive; passing one raises MediaTooLargeError with the limit's name.

    max_bytes: size of the upload ("bytes").
    max_pixels: width times height of a picture or of one frame ("pixels").
    max_duration_s: length of a clip ("duration").
    max_frames_total: frames in a clip, sampled or not ("frames").
    """

    max_bytes: int = 100 * 2**20
    max_pixels: int = 50_000_000
    max_duration_s: float = 900.0
    max_frames_total: int = 60_000
