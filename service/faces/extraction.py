"""What one media worker gives back for one upload."""

from dataclasses import dataclass

from service.faces.crop import FaceCrop
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
