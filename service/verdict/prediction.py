"""What a codec's prediction of frames adds to the logits of a track, brought to the usual."""

from collections.abc import Sequence

import numpy as np

_BESIDE = 4
_LOWEST = 4
_MOST = 1.5
_USUAL = 0.5


def levelled(logits: Sequence[float], keys: Sequence[bool]) -> list[float]:
    """The logits of a track, those of predicted frames as if prediction added the usual to them.

    logits: calibrated, in order of time. keys: whether each one's frame is a key frame, stored by
    itself. How much is added each track tells by itself: for each key frame, how much higher the
    logits of the predicted frames beside it are, up to four on either side, on average; of these
    the lower quartile, of up to four the lowest: where a manipulation begins at one of several key
    frames, it is no codec's doing. It is believed from 0 to 1.5, since a single key frame may show
    something else. What exceeds 0.5 is taken off and what lacks is put on, so that the level of
    clips as a whole stays. Where there are no frames of one kind or the other, nothing is changed.
    WHY: codecs predict frames from one another and store little of what differs. Of the fine
    detail that a camera leaves everywhere, and a generator does not, a predicted frame keeps less
    than a key frame, and what lacks it looks manipulated to the network. Real faces lose by that,
    generated ones have little to lose: the difference itself tells them apart. The constants were
    chosen on real swaps as clips, see the model card.
    """
    values, stored = np.asarray(logits, np.float64), np.asarray(keys, bool)
    added = []
    for place in np.flatnonzero(stored):
        around = slice(max(place - _BESIDE, 0), place + _BESIDE + 1)
        beside = values[around][~stored[around]]
        if len(beside):
            added.append(beside.mean() - values[place])
    if not added:
        return list(logits)
    quartile = sorted(added)[(len(added) - 1) // _LOWEST]
    excess = float(np.clip(quartile, 0.0, _MOST)) - _USUAL
    return [*np.where(stored, values, values - excess).tolist()]
