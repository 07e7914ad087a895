"""All frames of one face: what each may say, and what they say together."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.inference.model_file import Thresholds
from service.verdict.aggregate import track_logit
from service.verdict.agreement import agreement
from service.verdict.calibration import logit_of
from service.verdict.prediction import levelled
from service.verdict.stills import parts, repeated
from service.verdict.support import seen_well


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the frames of a track say together.

    logit: of P(fake); the more the frames contradict one another, the nearer to 0. agreement:
    0 to 1, see `agreement`. voters: places of the frames that had a vote, rising.
    """

    logit: float
    agreement: float
    voters: tuple[int, ...]


def levelled_where_good(
    logits: Sequence[float], keys: Sequence[bool], good: Sequence[bool]
) -> list[float]:
    """The logits of a track, those of crops good enough to judge `levelled` among themselves.

    One value a frame, in order of time. keys: see `levelled`. good: whether the crop's quality
    lets it be judged; what is wrong with other crops is not the codec's doing alone.
    """
    places = [place for place, fits in enumerate(good) if fits]
    changed = levelled([logits[place] for place in places], [keys[place] for place in places])
    level = dict(zip(places, changed, strict=True))
    return [level.get(place, logit) for place, logit in enumerate(logits)]


def voters_among(good: Sequence[bool], crowded_out: int = 0) -> tuple[int, ...]:
    """Places of frames that have a vote, rising: of a face that is `seen_well` the good ones."""
    well = seen_well(good, crowded_out)
    return tuple(place for place, fits in enumerate(good) if fits or not well)


def weigh(
    logits: Sequence[float],
    seconds: Sequence[float],
    good: Sequence[bool],
    thresholds: Thresholds,
    crowded_out: int = 0,
    *,
    shown_s: Sequence[float] = (),
) -> Weighed:
    """Put the frames of one track together.

    One value a frame, at least one frame, in order of time. logits: of `levelled_where_good`.
    seconds: how long a stretch of the clip each stands for. good: see there; other crops have no
    vote where the face is `seen_well`, and all have one where it is not. crowded_out: see
    `FaceCrop`. shown_s: how long each is itself on screen, where that is known: a still counts as
    the frames that a video would have in its place.
    """
    voters = voters_among(good, crowded_out)
    said = [logits[place] for place in voters]
    lasting = [seconds[place] for place in voters]
    low, high = logit_of(thresholds.authentic), logit_of(thresholds.manipulated)
    others = crowded_out
    if shown_s:
        counts = parts([shown_s[place] for place in voters], lasting)
        # They are a share of the time, told in frames like these.
        others = round(crowded_out * sum(counts) / len(counts))
        said = repeated(said, counts)
        lasting = repeated([s / n for s, n in zip(lasting, counts, strict=True)], counts)
    agreeing = agreement(said, low, high)
    together = track_logit(said, lasting, others)
    return Weighed(agreeing * together, agreeing, voters)
