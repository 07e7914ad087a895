"""Judgements of a detector, one row per crop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from model_export.description import thresholds_of
from model_export.judge import Judge, judged
from model_export.metrics.segmentation import MaskMatch, match_masks
from model_export.metrics.skin import UNMEASURED, skin_tone
from model_export.metrics.surface import Surface, surface_of
from model_export.networks.contract import FAKE, REAL
from model_export.sources.sample import UNKNOWN_STRETCH, Sample, Source
from service.media.stretches import Stretch
from service.verdict.calibration import decide
from service.verdict.method import is_suspected
from service.verdict.shape import method_of_shape

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """What a detector said about one crop, without its pixels.

    logit: calibrated; probability: its sigmoid, P(fake). likeliest: the method most likely if it
    is fake; named: the method the service would name of this crop alone, or "unknown" where it
    names none. match: mask against truth, None for fakes without a mask.
    kin: what rows share that are no independent trials: those of one person, one clip, a real and
        its fakes.
    skin: one of metrics.skin.TONES. surface: of the crop as the network saw it. in_key_frame, good,
    stretch, crowded_out: see Sample.
    """

    logit: float
    probability: float
    fake: bool
    method: str
    group: str
    kin: str
    track: int
    warnings: tuple[str, ...]
    likeliest: str
    named: str
    match: MaskMatch | None
    surface: Surface
    time_s: float = 0.0
    skin: str = UNMEASURED
    in_key_frame: bool = True
    good: bool = True
    stretch: Stretch = UNKNOWN_STRETCH
    crowded_out: int = 0


def judge_rows(judge: Judge, source: Source) -> Iterator[tuple[Row, Sample, NDArray[np.uint8]]]:
    """Rows with the sample each is about and its predicted mask, uint8 (S, S)."""
    note = judge.note
    slope, intercept = note["calibration"]["slope"], note["calibration"]["intercept"]
    thresholds = thresholds_of(note)
    level = thresholds.mask
    for samples, verdicts in judged(judge, source.samples()):
        shares = method_shares(verdicts.method_logits, note)
        differences = verdicts.activations[:, FAKE] - verdicts.activations[:, REAL]
        for place, sample in enumerate(samples):
            mask = verdicts.masks[place]
            logit = float(slope * differences[place] + intercept)
            fake_probability = float(expit(logit))
            known = is_suspected(decide(fake_probability, thresholds), fake_probability)
            if shares is None:
                likeliest = method_of_shape(np.where(mask >= level, 255, 0).astype(np.uint8))
            else:
                likeliest = note["methods"][int(shares[place].argmax())]
                known = known and float(shares[place].max()) >= thresholds.method
            row = Row(
                logit=logit,
                probability=fake_probability,
                fake=sample.fake,
                method=sample.method or "real",
                group=sample.group,
                kin=sample.trial,
                track=sample.track,
                warnings=sample.warnings,
                likeliest=likeliest,
                named=likeliest if known else UNKNOWN,
                match=_match(sample, mask, level),
                surface=surface_of(sample.seen),
                time_s=sample.time_s,
                skin=skin_tone(sample.crop),
                in_key_frame=sample.in_key_frame,
                good=sample.good,
                stretch=sample.stretch,
                crowded_out=sample.crowded_out,
            )
            yield row, sample, mask


def method_shares(
    logits: NDArray[np.float64] | None, note: dict[str, Any]
) -> NDArray[np.float64] | None:
    """Probability of each method given a fake, (N, M), or None without a method output."""
    if logits is None:
        return None
    return np.asarray(softmax(logits / note["method_temperature"], axis=1))


def _match(sample: Sample, mask: NDArray[np.uint8], level: int) -> MaskMatch | None:
    if not sample.fake:
        return match_masks(mask, np.zeros_like(mask), level)
    return None if sample.mask is None else match_masks(mask, sample.mask, level)
