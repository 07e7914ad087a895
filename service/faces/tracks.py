"""Which face of one frame is which of the next."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from service.faces.crop import Box
from service.faces.detection import Detection, overlap
from service.faces.looks import Look
from service.faces.often import often
from service.faces.rivals import Rivals
from service.media.stretches import Interval

# Faces further apart than this, in face widths, are two people or a cut between scenes.
MOST_DISTANCE = 0.8
# A face may double or halve its width between two analysed frames, not more.
MOST_ZOOM = 2.0
# A track is lost after this many analysed frames without a match, one missed frame being common,
# but not before this many seconds: what passes in front of a face may cover it in several frames.
MOST_MISSED, MOST_UNSEEN_S = 2, 0.5
_MOST_RIVALS = 64


@dataclass(slots=True)
class Track:
    """One face through a clip.

    number: from 0, by first appearance.
    last, look: its latest detection, and how it looked; last_frame, last_s: the analysed frame
        (counted from 0) that was in, and until when that is on screen.
    areas: box area in every analysed frame it was seen in, square pixels.
    """

    number: int
    last: Detection
    look: Look | None
    last_frame: int
    last_s: float
    areas: dict[int, float] = field(default_factory=dict)


class Tracker:
    """Links detections over the analysed frames of one clip, in order of time."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._frame = -1

    def update(
        self,
        shown: Interval,
        detections: tuple[Detection, ...],
        looks: Sequence[Look] | None = None,
    ) -> list[int]:
        """Take the faces of the next analysed frame; give each its track number.

        shown: when that is on screen.
        looks: how each of them looks; where it is not known, only their places tell.
        """
        self._frame += 1
        seen = [None] * len(detections) if looks is None else looks
        open_tracks = [track for track in self._tracks if self._is_open(track, shown.start_s)]
        # All that are open in half a second of many cuts would take seconds to compare.
        latest = sorted(open_tracks, key=self._missed)[:_MOST_RIVALS]
        known = {track.number: track.look for track in open_tracks if track.look is not None}
        rivals = Rivals(known, [track.number for track in latest], seen)
        pairs = sorted(
            (cost, t.number, place)
            for t in open_tracks
            for place, detection in enumerate(detections)
            if (cost := _cost(t.last, detection)) is not None and rivals.may_be(t.number, place)
        )
        given: dict[int, int] = {}
        taken: set[int] = set()
        for _, number, place in pairs:
            if place not in given and number not in taken:
                given[place] = number
                taken.add(number)
        return [
            self._follow(given.get(place), detection, seen[place], shown.end_s)
            for place, detection in enumerate(detections)
        ]

    def _is_open(self, track: Track, time_s: float) -> bool:
        return self._missed(track) <= MOST_MISSED or time_s - track.last_s <= MOST_UNSEEN_S

    def _missed(self, track: Track) -> int:
        return self._frame - track.last_frame - 1

    def _follow(
        self, number: int | None, detection: Detection, look: Look | None, until_s: float
    ) -> int:
        if number is None:
            number = len(self._tracks)
            self._tracks.append(Track(number, detection, look, self._frame, until_s))
        track = self._tracks[number]
        track.last, track.look = detection, look
        track.last_frame, track.last_s = self._frame, until_s
        track.areas[self._frame] = detection.box.width * detection.box.height
        return number

    def keep(self, most: int, seconds: Sequence[float]) -> dict[tuple[int, int], int]:
        """Choose faces, `most` in a frame, by their tracks' presence: area times the time seen.

        seconds: how long a stretch of the clip each analysed frame stands for; where it lasts for
            no time, all count alike.
        Not of the whole clip: each cut begins new ones, and what is shown for short is a face too.
        Nor whole tracks: who is crowded out of some frames is seen in the others, if that is
        `often`, or half of the time: what a face is in a frame of many says nothing of the rest.
        Returns the tracks' new numbers, from 0 by that presence, by their old ones and the analysed
        frames in which they are kept.
        """
        weights = _weights(seconds)

        def presence(track: Track) -> float:
            return sum(weights[frame] * area for frame, area in track.areas.items())

        kept: list[tuple[Track, list[int]]] = []
        taken: Counter[int] = Counter()
        for track in sorted(self._tracks, key=presence, reverse=True):
            free = {frame: taken[frame] < most for frame in track.areas}
            frames = [frame for frame, fits in free.items() if fits]
            lasts = 2 * sum(weights[frame] for frame in frames)
            if often([*free.values()]) or lasts >= sum(weights[frame] for frame in free):
                taken.update(frames)
                kept.append((track, frames))
        return {
            (track.number, frame): new
            for new, (track, frames) in enumerate(kept)
            for frame in frames
        }

    def crowded_out(
        self, kept: Iterable[tuple[int, int]], seconds: Sequence[float]
    ) -> dict[int, int]:
        """In how many more frames each track was seen than those in which it was kept: as many as
        there are, or as would last as long as these do, if all lasted as those that were kept.

        kept, seconds: see `keep`.
        """
        weights = _weights(seconds)
        frames: dict[int, list[int]] = defaultdict(list)
        for number, frame in kept:
            frames[number].append(frame)
        crowded: dict[int, int] = {}
        for number, here in frames.items():
            areas = self._tracks[number].areas
            here_s, count = sum(weights[frame] for frame in here), len(areas) - len(here)
            all_s = sum(weights[frame] for frame in areas)
            alike = round(len(here) * (all_s - here_s) / here_s) if here_s > 0 else count
            crowded[number] = min(count, alike)
        return crowded


def _weights(seconds: Sequence[float]) -> Sequence[float]:
    return seconds if any(seconds) else [1.0] * len(seconds)


def _cost(a: Detection, b: Detection) -> float | None:
    """How unlike two faces lie, from 0; None where they cannot be the same."""
    zoom = max(a.box.width / b.box.width, b.box.width / a.box.width)
    distance = _distance(a, b) / max(a.box.width, b.box.width)
    if zoom > MOST_ZOOM or distance > MOST_DISTANCE:
        return None
    return distance + 1.0 - overlap(a.box, b.box)


def _distance(a: Detection, b: Detection) -> float:
    if a.landmarks and b.landmarks:
        pairs = zip(a.landmarks, b.landmarks, strict=True)
        return sum(math.dist(p, q) for p, q in pairs) / len(a.landmarks)
    return math.dist(_middle(a.box), _middle(b.box))


def _middle(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2
