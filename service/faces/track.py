"""What is known of one face through a clip."""

from dataclasses import dataclass, field

from service.faces.detection import Detection
from service.faces.looks import Look
from service.media.stretches import Interval

# A track is lost after this many analysed frames without a match, one missed frame being common,
# but not before this many seconds: what passes in front of a face may cover it in several frames.
MOST_MISSED, MOST_UNSEEN_S = 2, 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """A face in one frame, and how it looks, if that is known."""

    detection: Detection
    look: Look | None


@dataclass(slots=True)
class Track:
    """One face through a clip.

    number: from 0, by first appearance.
    last: its latest sight; last_frame, last_s: the analysed frame (counted from 0) that was in, and
        until when that is on screen.
    sights: of every analysed frame it was seen in, in order of time.
    """

    number: int
    last: Sight
    last_frame: int
    last_s: float
    sights: dict[int, Sight] = field(default_factory=dict)


def goes_on(missed: int, unseen_s: float) -> bool:
    """Whether a face may still be there after so many frames without it in a row, and seconds."""
    return missed <= MOST_MISSED or unseen_s <= MOST_UNSEEN_S


def between_s(one: Interval, other: Interval) -> float:
    """Seconds between two frames on screen, whichever comes first."""
    return max(one.start_s, other.start_s) - min(one.end_s, other.end_s)
