"""Probabilities and thresholds of a detector, fitted on data it was not trained on."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from model_export.checkpoint import Checkpoint
from model_export.judge import Judge, Verdicts, batches
from model_export.metrics.calibration import brier, fit_logistic, fit_temperature, reliability
from model_export.metrics.curves import area_under_roc, equal_error
from model_export.metrics.thresholds import (
    Policy,
    below_most,
    mean_excess,
    method_threshold,
    verdict_thresholds,
)
from model_export.networks.contract import FAKE, REAL
from model_export.sources.sample import Sample, Source, known_method
from model_export.uploads import worst_tracks
from service.inference.model_file import Thresholds
from service.media.stretches import Stretch

log = logging.getLogger(__name__)
Values = NDArray[np.float64]
_ROUNDS = 10


def calibrate(
    checkpoint: Checkpoint, judge: Judge, source: Source, policy: Policy, data: str
) -> Checkpoint:
    """The checkpoint with its calibration in its facts.

    That is `calibration`, `thresholds`, `method_temperature` and `second_look`.

    Probabilities are fitted to crops, thresholds to whole pictures and clips: those are what the
    policy speaks of.

    judge: of the same checkpoint. data: what the source is, for the record, which goes to
    `facts["figures"]["calibration"]` with the policy and the figures on this very data.
    Raises ValueError when the source lacks fakes or reals.
    """
    collected = _collect(judge, source, policy.looks)
    fake = collected.fake
    if fake.all() or not fake.any():
        raise ValueError("calibration needs fakes and reals")
    above = None
    if policy.looks == 2:
        above = below_most(collected.differences[0][fake], policy)
    differences, logits = collected.averaged(above)
    slope, intercept = fit_logistic(differences, fake)
    calibrated = slope * differences + intercept
    probabilities = np.asarray(expit(calibrated))
    (manipulated, authentic), uploads, faked = _fit_uploads(collected.samples, calibrated, policy)
    at = equal_error(uploads[faked], uploads[~faked])[1]
    methods = [sample.method for sample in collected.samples]
    temperature, named_from = _fit_methods(logits, methods, policy)
    had = judge.note["thresholds"]["mask"]
    rate, _ = equal_error(differences[fake], differences[~fake])
    facts = dict(checkpoint.facts)
    facts.pop("calibration_is_old", None)
    facts["calibration"] = {"kind": "logistic", "slope": slope, "intercept": intercept}
    facts["thresholds"] = {
        "manipulated": manipulated,
        "authentic": authentic,
        "mask": had if policy.mask_level is None else policy.mask_level,
        "method": named_from,
        "mean_excess": mean_excess(uploads[~faked], policy),
    }
    facts["method_temperature"] = temperature
    facts["second_look"] = above
    record = {
        "data": data,
        "fakes": int(fake.sum()),
        "reals": int((~fake).sum()),
        "policy": asdict(policy),
        "auc": area_under_roc(differences[fake], differences[~fake]),
        "eer": rate,
        "equal_error_probability": float(expit(at)),
        "ece": reliability(probabilities, fake).ece,
        "brier": brier(probabilities, fake),
    }
    facts["figures"] = {**facts.get("figures", {}), "calibration": record}
    return replace(checkpoint, facts=facts, resume={})


@dataclass(frozen=True, slots=True)
class _Crop:
    """What is known of a sample, without its pixels. logit: calibrated, 0 before that is known."""

    fake: bool
    method: int | None
    group: str
    track: int
    in_key_frame: bool
    good: bool
    stretch: Stretch
    crowded_out: int
    logit: float = 0.0

    @classmethod
    def of(cls, sample: Sample) -> "_Crop":
        return cls(
            sample.fake,
            known_method(sample.method),
            sample.group,
            sample.track,
            sample.in_key_frame,
            sample.good,
            sample.stretch,
            sample.crowded_out,
        )


def _fit_uploads(
    samples: Sequence[_Crop], logits: Values, policy: Policy
) -> tuple[tuple[float, float], Values, NDArray[np.bool_]]:
    """((manipulated, authentic), logits, which are fakes) of the pictures and clips of N samples.

    logits: calibrated, (N,). policy: what the thresholds keep.
    """
    crops = [replace(c, logit=float(x)) for c, x in zip(samples, logits, strict=True)]
    fakes = {crop.group for crop in crops if crop.fake}
    fake = np.array([crop.fake for crop in crops])
    if all(crop.group in fakes for crop in crops):  # such as clips, each with a real stretch
        return _thresholds(logits, fake, policy), logits, fake
    thresholds = (0.5, 0.5)
    tried: list[tuple[float, float]] = []
    # How much a clip's frames contradict one another depends on the thresholds in turn.
    for _ in range(_ROUNDS):
        judged = [*worst_tracks(crops, Thresholds(*thresholds, mask=1, method=1))]
        fake = np.array([crop.group in fakes for crop, _ in judged])
        logits = np.array([logit for _, logit in judged])
        found = _thresholds(logits, fake, policy)
        if found == thresholds:
            break
        tried.append(found)
        thresholds = found
    else:
        log.warning("thresholds and how clips are judged by them did not settle")
        highest, lowest = (np.array(tried[1:]) * (1, -1)).max(0) * (1, -1)
        thresholds = float(highest), float(lowest)
    return thresholds, logits, fake


def _thresholds(logits: Values, fake: NDArray[np.bool_], policy: Policy) -> tuple[float, float]:
    probabilities = np.asarray(expit(logits))
    return verdict_thresholds(probabilities[fake], probabilities[~fake], policy)


@dataclass(frozen=True, slots=True)
class _Collected:
    """A source's N samples, and what the network says of them and their mirror images.

    differences: float64 (2, N), fake - real activation; logits: float64 (2, N, M) or None. The
    second of each is of the mirror images, or the first again where there are no second looks.
    """

    samples: list[_Crop]
    differences: Values
    logits: Values | None

    @property
    def fake(self) -> NDArray[np.bool_]:
        """Which are, bool (N,)."""
        return np.array([sample.fake for sample in self.samples])

    def averaged(self, above: float | None) -> tuple[Values, Values | None]:
        """Differences (N,) and logits (N, M), averaged where the first difference is above."""
        again = self.differences[0] > (np.inf if above is None else above)
        differences = np.where(again, self.differences.mean(0), self.differences[0])
        if self.logits is None:
            return differences, None
        return differences, np.where(again[:, None], self.logits.mean(0), self.logits[0])


def _collect(judge: Judge, source: Source, looks: int) -> _Collected:
    collected: list[_Crop] = []
    activations: list[list[Values]] = []
    logits: list[list[Values]] = []
    for samples in batches(source.samples()):
        collected += [_Crop.of(sample) for sample in samples]
        crops = [sample.seen for sample in samples]
        first = second = Verdicts.of(judge.look(crops))
        if looks == 2:
            second = Verdicts.of(judge.look([crop[:, ::-1] for crop in crops]))
        activations.append([first.activations, second.activations])
        if first.method_logits is not None and second.method_logits is not None:
            logits.append([first.method_logits, second.method_logits])
    if not collected:
        raise ValueError("there is nothing to calibrate on")
    both = _both(activations)
    return _Collected(
        collected,
        both[..., FAKE] - both[..., REAL],
        _both(logits) if logits else None,
    )


def _both(batches: list[list[Values]]) -> Values:
    """(2, N, ...) of batches of two arrays (n, ...)."""
    return np.concatenate([np.stack(pair) for pair in batches], axis=1)


def _fit_methods(
    logits: Values | None, methods: Sequence[int | None], policy: Policy
) -> tuple[float, float]:
    """(temperature, threshold); (1, 0.5) where nothing is known of methods."""
    known = [i for i, method in enumerate(methods) if method is not None]
    if logits is None or not known:
        return 1.0, 0.5
    chosen = logits[known]
    labels = np.array([methods[i] for i in known], np.int64)
    temperature = fit_temperature(chosen, labels)
    shares = softmax(chosen / temperature, axis=1)
    right = shares.argmax(1) == labels
    return temperature, method_threshold(shares.max(1), right, policy)


def summary(facts: dict[str, Any]) -> str:
    """What was fitted, in four lines."""
    record, thresholds = facts["figures"]["calibration"], facts["thresholds"]
    policy, above = record["policy"], facts["second_look"]
    again = "never" if above is None else f"where the difference is above {above:.3f}"
    return (
        f"P(fake) = sigmoid({facts['calibration']['slope']:.3f} x difference "
        f"{facts['calibration']['intercept']:+.3f}); AUC {record['auc']:.4f}, "
        f"EER {record['eer']:.2%}, ECE {record['ece']:.2%} on {record['fakes']} fakes and "
        f"{record['reals']} reals\n"
        f"manipulated from P {thresholds['manipulated']:.4f} (BPCER at most "
        f"{policy['bpcer']:.1%}), authentic up to P {thresholds['authentic']:.4f} (at most "
        f"{policy['missed']:.1%} of fakes), inconclusive between; of n faces "
        f"{thresholds['mean_excess']:.3f} x ln n more in the logit\n"
        f"judged again as mirror images: {again}\n"
        f"methods: temperature {facts['method_temperature']:.3f}, named from "
        f"{thresholds['method']:.3f}"
    )
