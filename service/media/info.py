"""What is known of an upload once it has been decoded."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Facts of the decoded upload.

    format: the sniffed container or picture format, such as "jpeg" or "mp4".
    width, height: upright size in pixels, square ones.
    duration_s: length of a clip in seconds; None for a picture.
    frames_total: frames in the upload as far as it could be read.
    sha256: hex digest of the uploaded bytes.
    warnings: stable codes of what went wrong without ending the analysis ("truncated",
        "few_frames", "tracks_left_out", "frames_shrunk", "faces_left_out").
    """

    kind: Literal["image", "video"]
    format: str
    width: int
    height: int
    duration_s: float | None
    frames_total: int
    frames_analyzed: int
    sha256: str
    warnings: tuple[str, ...] = ()
