"""Whose faces are kept in which frames of a clip, where there are more than are asked for."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.faces.often import lasting
from service.faces.track import Track


@dataclass(frozen=True, slots=True)
class Room:
    """Who has room.

    numbers: the tracks' new numbers, from 0 by their presence, by their old ones and the analysed
        frames in which they are kept.
    crowded_out: by the old number of each that is kept, how many more frames would show it, if all
        lasted as long as those in which it is kept: of what is asked of many frames, a share of
        time is as good.
    """

    numbers: dict[tuple[int, int], int]
    crowded_out: dict[int, int]


def share_room(
    tracks: Iterable[Track],
    most: int,
    seconds: Sequence[float],
    left_out: Callable[[Track], Iterable[int]],
) -> Room:
    """Choose faces, `most` in a frame, by their tracks' presence: area times the time seen.

    seconds: how long a stretch of the clip each analysed frame stands for; where it lasts for no
        time, all count alike. left_out: in which frames a track's face was, but was not looked at.
    Not of the whole clip: each cut begins new ones, and what is shown for short is a face too.
    Nor whole tracks: who is crowded out of some frames is seen in the others, if that is
    `lasting`: what a face is in a frame of many says nothing of the rest.
    """
    weights = seconds if any(seconds) else [1.0] * len(seconds)

    def presence(track: Track) -> float:
        boxes = ((frame, sight.detection.box) for frame, sight in track.sights.items())
        return sum(weights[frame] * box.width * box.height for frame, box in boxes)

    numbers: dict[tuple[int, int], int] = {}
    crowded_out: dict[int, int] = {}
    taken: Counter[int] = Counter()
    for track in sorted(tracks, key=presence, reverse=True):
        free = {frame: taken[frame] < most for frame in track.sights}
        # Only of who has room at all: to follow everybody through what was left out takes long.
        if _lasts(free, weights):
            free = dict(sorted({**dict.fromkeys(left_out(track), False), **free}.items()))
        if _lasts(free, weights):
            kept = [frame for frame, fits in free.items() if fits]
            taken.update(kept)
            numbers |= {(track.number, frame): len(crowded_out) for frame in kept}
            crowded_out[track.number] = _crowded_out(free, weights)
    return Room(numbers, crowded_out)


def _lasts(free: dict[int, bool], weights: Sequence[float]) -> bool:
    return lasting([*free.values()], [weights[frame] for frame in free])


def _crowded_out(free: dict[int, bool], weights: Sequence[float]) -> int:
    kept = [frame for frame, fits in free.items() if fits]
    if not any(weights[frame] for frame in free):
        return len(free) - len(kept)
    here_s = sum(weights[frame] for frame in kept)
    return round(len(kept) * (sum(weights[frame] for frame in free) - here_s) / here_s)
