"""All that was seen of one face, to one finding."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.faces.crop import FaceCrop
from service.inference.evidence import Evidence
from service.inference.model_file import ModelSpec
from service.media.stretches import Interval, Stretch
from service.verdict.agreement import LEAST_AGREEMENT
from service.verdict.calibration import decide, logit_of, manipulated_among, probability
from service.verdict.findings import FaceFinding, MaskFinding, Presence, Sighting
from service.verdict.intervals import manipulated_intervals
from service.verdict.mask import Mask, crop_mask
from service.verdict.method import name_method
from service.verdict.support import SupportRule, seen_well
from service.verdict.track import weigh


@dataclass(frozen=True, slots=True)
class Seen:
    """One face in one frame, judged.

    logit: calibrated, see `levelled_where_good`. stretch: the part of the clip that its frame
    stands for. good: whether its quality lets it be judged. votes: whether the face's verdict heeds
    it, see `voters_among`.
    """

    crop: FaceCrop
    evidence: Evidence
    logit: float
    stretch: Stretch
    good: bool
    votes: bool = True

    @property
    def raw_mask(self) -> Mask:
        """The network's mask, uint8 (size, size); black where none was drawn."""
        if self.evidence.mask is None:
            return np.zeros(self.crop.pixels.shape[:2], np.uint8)
        return self.evidence.mask

    def sighting(self) -> Sighting:
        """What the report keeps of it."""
        crop = self.crop
        return Sighting(
            crop.track,
            crop.box,
            probability(self.logit),
            self.raw_mask,
            crop.crop_to_frame,
            crop.roll,
            crop.in_key_frame,
            self.votes,
        )


def judge_face(
    seen: Sequence[Seen], spec: ModelSpec, rule: SupportRule, *, moves: bool, people: int
) -> FaceFinding:
    """Judge one track.

    seen: its crops, at least one, in order of time. moves: whether the upload is a clip. people:
    how many are judged in the upload.
    Crops too poor to judge have no vote where the same face was also `seen_well`. The more its
    frames contradict one another, the nearer its probability comes to one half.
    """
    good = [each.good for each in seen]
    seconds = [each.stretch.seconds for each in seen]
    crowded_out = seen[0].crop.crowded_out
    logits, shown_s = [each.logit for each in seen], [each.stretch.shown_s for each in seen]
    weighed = weigh(logits, seconds, good, spec.thresholds, crowded_out, shown_s=shown_s)
    voters = [seen[place] for place in weighed.voters]
    worst = max(voters, key=lambda each: each.logit)
    fake = probability(weighed.logit)
    supported = seen_well(good, crowded_out)
    reasons = () if supported else _lack(worst, seen, rule)
    if weighed.agreement < LEAST_AGREEMENT:
        reasons += ("frames_disagree",)
    alone = decide(fake, spec.thresholds)
    if alone == "manipulated" and not reasons and fake < manipulated_among(people, spec.thresholds):
        reasons = ("one_of_several",)
    verdict = "inconclusive" if reasons else alone
    mask = crop_mask(worst.crop, worst.raw_mask, spec.thresholds.mask)
    method = name_method(
        [each.evidence for each in voters],
        [probability(each.logit) for each in voters],
        verdict,
        worst.raw_mask,
        spec,
        fake_probability=fake,
    )
    intervals: tuple[Interval, ...] = ()
    if verdict == "authentic":
        # Specks on a face judged authentic would contradict its verdict.
        mask = MaskFinding(np.zeros_like(mask.pixels), mask.frame_index, mask.box, 0.0)
    elif moves:
        high = logit_of(spec.thresholds.manipulated)
        intervals = manipulated_intervals(
            [each.stretch for each in voters], [each.logit for each in voters], high
        )
    return FaceFinding(
        track=worst.crop.track,
        box=worst.crop.box,
        detection_score=worst.crop.detection_score,
        fake_probability=fake,
        verdict=verdict,
        supported=supported,
        reasons=reasons,
        presence=Presence(len(seen), seen[0].crop.time_s, seen[-1].crop.time_s),
        agreement=weighed.agreement,
        intervals=intervals,
        method=method,
        mask=mask,
        quality=worst.crop.quality,
    )


def _lack(worst: Seen, seen: Sequence[Seen], rule: SupportRule) -> tuple[str, ...]:
    """What the worst frame lacks or, where it just passes, most of those that do not."""
    lacking = (rule.reasons(each.crop.quality) for each in seen)
    usual = Counter(reasons for reasons in lacking if reasons)
    return rule.reasons(worst.crop.quality) or usual.most_common(1)[0][0]
