"""Faces that are in a frame, but were left out when its largest were looked at closely."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.faces.looks import Look, likeness
from service.faces.nearness import MOST_DISTANCE, MOST_ZOOM, cost
from service.faces.track import Sight, Track, between_s, goes_on
from service.media.stretches import Interval

# Faces side by side are a width apart: of those near a place these may be the one that was there.
_MOST_COMPARED = 2
# Nobody else competes for a face that was left out, and who is taken for another is judged nowhere:
# of strangers 1.7 % are as alike, of the same ones 96 %, by coarse boxes in crowds made by hand.
_LEAST_LIKENESS = 0.8


class Glimpses:
    """Tells in which frames a face was that had no room there.

    They are no tracks: their boxes are coarse, and of many hundreds each would be held against each
    in every frame.
    """

    def __init__(self) -> None:
        self._shown: list[Interval] = []
        self._sights: list[Sequence[Sight]] = []
        self._places: list[NDArray[np.float64]] = []

    def update(self, shown: Interval, left_out: Sequence[Sight]) -> None:
        """Take what the next analysed frame left out. shown: when that is on screen."""
        self._shown.append(shown)
        self._sights.append(left_out)
        self._places.append(_places(left_out))

    def of(self, track: Track) -> list[int]:
        """The analysed frames, rising, in which a track's face was left out, before it was seen as
        well as after that.
        """
        frames = range(len(self._shown))
        return sorted(self._along(track, frames) | self._along(track, frames[::-1]))

    def _along(self, track: Track, frames: Iterable[int]) -> set[int]:
        """Those that are found from frame to frame, one way through time."""
        found: set[int] = set()
        last: Sight | None = None
        at = missed = 0
        for frame in frames:
            sight = track.sights.get(frame)
            unseen_s = between_s(self._shown[at], self._shown[frame])
            if sight is None and last is not None and goes_on(missed, unseen_s):
                sight = self._next(last, frame)
                if sight is not None:
                    found.add(frame)
            if sight is None:
                missed += 1
            else:
                last, at, missed = sight, frame, 0
        return found

    def _next(self, last: Sight, frame: int) -> Sight | None:
        """Of what a frame left out the nearest that may be the same face."""
        if not self._sights[frame]:
            return None
        x, y, width = self._places[frame]
        (here_x,), (here_y,), (here,) = _places([last])
        wider, narrower = np.maximum(width, here), np.minimum(width, here)
        far = np.hypot(x - here_x, y - here_y) > MOST_DISTANCE * wider
        (near,) = np.nonzero(~far & (wider <= MOST_ZOOM * narrower))
        sights = self._sights[frame]
        costs = [(cost(last.detection, sights[place].detection), place) for place in near.tolist()]
        by_cost = sorted((each, place) for each, place in costs if each is not None)
        for _, place in by_cost[:_MOST_COMPARED]:
            sight = sights[place]
            if last.look is None or sight.look is None or _same(last.look, sight.look):
                return sight
        return None


def _same(one: Look, other: Look) -> bool:
    return likeness(one, other) >= _LEAST_LIKENESS


def _places(sights: Sequence[Sight]) -> NDArray[np.float64]:
    """Where faces lie, float64 (3, N): their middles, across and down, and widths."""
    boxes = [sight.detection.box for sight in sights]
    rows = [(b.x + b.width / 2, b.y + b.height / 2, b.width) for b in boxes]
    return np.array(rows, np.float64).reshape(-1, 3).T
