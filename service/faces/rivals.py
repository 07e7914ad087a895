"""Which of several known faces the faces of a frame may be, by their looks."""

from collections.abc import Collection, Mapping, Sequence

from service.faces.looks import Look, alike, likeness, outdone


class Rivals:
    """Known faces that claim those of one frame; no two are compared twice."""

    def __init__(
        self, known: Mapping[int, Look], rivals: Collection[int], looks: Sequence[Look | None]
    ) -> None:
        """known: how faces looked, by number. rivals: numbers of those whose claims are heeded.
        looks: of the frame's faces, where they are known.
        """
        self._known, self._looks = known, looks
        self._rivals = [number for number in rivals if number in known]
        self._likenesses: dict[tuple[int, int], float] = {}

    def may_be(self, number: int, place: int) -> bool:
        """Whether a known face may be the frame's: those of two people who swap places are not.

        number: of the known one. place: of the other in the frame. Where either's look is not
        known it may.
        """
        one, other = self._known.get(number), self._looks[place]
        if one is None or other is None:
            return True
        own = self._likeness(number, one, place, other)
        others = (
            self._likeness(rival, self._known[rival], place, other)
            for rival in self._rivals
            if rival != number
        )
        return alike(one, other, own) and not outdone(own, others)

    def _likeness(self, number: int, one: Look, place: int, other: Look) -> float:
        if (number, place) not in self._likenesses:
            self._likenesses[number, place] = likeness(one, other)
        return self._likenesses[number, place]
