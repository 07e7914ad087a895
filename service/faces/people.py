"""Which tracks of a clip may show the same person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from service.faces.looks import Look, alike

# Of more people than this it changes little who is counted twice, and to compare all takes seconds;
# so do all looks of all tracks.
_MOST_TOLD_APART = 64
# No power of two: of frames by twos, fours or eights those of one kind would be compared alone.
_MOST_LOOKS = 9


@dataclass(slots=True)
class _Person:
    """Who was seen, by the analysed frames: how they looked in each."""

    number: int
    looks: dict[int, Look] = field(default_factory=dict)

    def may_be(self, looks: Mapping[int, Look]) -> bool:
        """Whether another track may show them: in other frames, and alike in any two of some."""
        return self.looks.keys().isdisjoint(looks) and any(
            alike(one, other) for one in _some(self.looks) for other in _some(looks)
        )


class People:
    """Tells which tracks are of one person: who moves fast or is cut away from has several.

    All that look alike and are in no frame together are taken for one; who looks unlike after a
    cut is taken for several.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, dict[int, Look]] = defaultdict(dict)

    def update(self, frame: int, tracks: Sequence[int], looks: Sequence[Look]) -> None:
        """Note how the faces of an analysed frame look. tracks: the number of each one's."""
        for track, look in zip(tracks, looks, strict=True):
            self._tracks[track][frame] = look

    def number(self, tracks: Iterable[int]) -> dict[int, int]:
        """Of each of these tracks, the number of its person, from 0 in their order."""
        people: list[_Person] = []
        numbers: dict[int, int] = {}
        for track in tracks:
            looks = self._tracks[track]
            compared = people if len(people) < _MOST_TOLD_APART else []
            person = next((known for known in compared if known.may_be(looks)), None)
            if person is None:
                person = _Person(len(people))
                people.append(person)
            person.looks |= looks
            numbers[track] = person.number
        return numbers


def _some(looks: Mapping[int, Look]) -> list[Look]:
    """As many as are compared, from all of the time."""
    count = min(_MOST_LOOKS, len(looks))
    every = [*looks.values()]
    return [every[place * len(every) // count] for place in range(count)]
