"""Which face of one frame is which of the next."""

from collections.abc import Sequence

from service.faces.glimpses import Glimpses
from service.faces.nearness import cost
from service.faces.rivals import Rivals
from service.faces.room import Room, share_room
from service.faces.track import Sight, Track, goes_on
from service.media.stretches import Interval

_MOST_RIVALS = 64


class Tracker:
    """Links detections over the analysed frames of one clip, in order of time."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._glimpses = Glimpses()
        self._frame = -1

    def update(
        self, shown: Interval, faces: Sequence[Sight], left_out: Sequence[Sight] = ()
    ) -> list[int]:
        """Take the faces of the next analysed frame; give each its track number.

        shown: when that is on screen. left_out: those that are not looked at, see `Glimpses`. Where
        a look is not known, only places tell.
        """
        self._frame += 1
        self._glimpses.update(shown, left_out)
        open_tracks = [track for track in self._tracks if self._is_open(track, shown.start_s)]
        # All that are open in half a second of many cuts would take seconds to compare.
        latest = sorted(open_tracks, key=self._missed)[:_MOST_RIVALS]
        known = {t.number: t.last.look for t in open_tracks if t.last.look is not None}
        rivals = Rivals(known, [track.number for track in latest], [each.look for each in faces])
        pairs = sorted(
            (far, track.number, place)
            for track in open_tracks
            for place, face in enumerate(faces)
            if (far := cost(track.last.detection, face.detection)) is not None
            and rivals.may_be(track.number, place)
        )
        given: dict[int, int] = {}
        taken: set[int] = set()
        for _, number, place in pairs:
            if place not in given and number not in taken:
                given[place] = number
                taken.add(number)
        return [
            self._follow(given.get(place), face, shown.end_s) for place, face in enumerate(faces)
        ]

    def _is_open(self, track: Track, time_s: float) -> bool:
        return goes_on(self._missed(track), time_s - track.last_s)

    def _missed(self, track: Track) -> int:
        return self._frame - track.last_frame - 1

    def _follow(self, number: int | None, sight: Sight, until_s: float) -> int:
        if number is None:
            number = len(self._tracks)
            self._tracks.append(Track(number, sight, self._frame, until_s))
        track = self._tracks[number]
        track.last, track.last_frame, track.last_s = sight, self._frame, until_s
        track.sights[self._frame] = sight
        return number

    def keep(self, most: int, seconds: Sequence[float]) -> Room:
        """Choose faces, `most` in a frame: see `share_room`, also of what `seconds` are."""
        return share_room(self._tracks, most, seconds, self._glimpses.of)
