"""Judged crops put together to the pictures and clips that they come from, as the service does."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from service.inference.model_file import Thresholds
from service.media.stretches import Stretch
from service.verdict.support import seen_well
from service.verdict.track import Weighed, levelled_where_good, weigh


class Judged(Protocol):
    """What must be known of a crop. logit: calibrated; all else: see `Sample`."""

    @property
    def logit(self) -> float: ...
    @property
    def group(self) -> str: ...
    @property
    def track(self) -> int: ...
    @property
    def in_key_frame(self) -> bool: ...
    @property
    def good(self) -> bool: ...
    @property
    def stretch(self) -> Stretch: ...
    @property
    def crowded_out(self) -> int: ...


_Crop = TypeVar("_Crop", bound=Judged)


def put_together(crops: Sequence[Judged], thresholds: Thresholds) -> tuple[list[float], Weighed]:
    """The logits of one track as the service takes them, and what they say together.

    crops: at least one, in order of time.
    """
    good = [crop.good for crop in crops]
    keys = [crop.in_key_frame for crop in crops]
    logits = levelled_where_good([crop.logit for crop in crops], keys, good)
    seconds = [crop.stretch.seconds for crop in crops]
    shown_s = [crop.stretch.shown_s for crop in crops]
    crowded_out = crops[0].crowded_out
    return logits, weigh(logits, seconds, good, thresholds, crowded_out, shown_s=shown_s)


def worst_tracks(crops: Sequence[_Crop], thresholds: Thresholds) -> Iterator[tuple[_Crop, float]]:
    """Of each picture or clip the most incriminating crop of its worst track, and its logit.

    What the service leaves open, because no crop is good enough or frames contradict one another,
    counts by its logit all the same. Of crops that `prepare` cut neither quality nor time is known:
    all are good and weigh alike there.
    """
    tracks: dict[tuple[str, int], list[_Crop]] = defaultdict(list)
    for crop in crops:
        tracks[crop.group, crop.track].append(crop)
    worst: dict[str, tuple[tuple[bool, float], _Crop]] = {}
    for (group, _), seen in tracks.items():
        _, weighed = put_together(seen, thresholds)
        well = seen_well([crop.good for crop in seen], seen[0].crowded_out)
        rank = well, weighed.logit
        if group not in worst or rank > worst[group][0]:
            worst[group] = rank, max(seen, key=lambda crop: crop.logit)
    for (_, logit), crop in worst.values():
        yield crop, logit
