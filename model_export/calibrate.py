"""Probabilities and thresholds of a detector, fitted on data it was not trained on."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from model_export.checkpoint import Checkpoint
from model_export.judge import Judge, judged
from model_export.metrics.calibration import brier, fit_logistic, fit_temperature, reliability
from model_export.metrics.curves import area_under_roc, equal_error
from model_export.metrics.thresholds import Policy, method_threshold, verdict_thresholds
from model_export.networks.contract import FAKE, REAL
from model_export.sources.sample import Source, known_method

Values = NDArray[np.float64]


def calibrate(
    checkpoint: Checkpoint, judge: Judge, source: Source, policy: Policy, data: str
) -> Checkpoint:
    """The checkpoint with `calibration`, `thresholds`, `method_temperature` in its facts.

    judge: of the same checkpoint. data: what the source is, for the record, which goes to
    `facts["figures"]["calibration"]` with the policy and the figures on this very data.
    Raises ValueError when the source lacks fakes or reals.
    """
    differences, fake, methods, logits = _collect(judge, source)
    slope, intercept = fit_logistic(differences, fake)
    probabilities = np.asarray(expit(slope * differences + intercept))
    manipulated, authentic = verdict_thresholds(probabilities[fake], probabilities[~fake], policy)
    temperature, named_from = _fit_methods(logits, methods, policy)
    had = judge.note["thresholds"]["mask"]
    rate, at = equal_error(differences[fake], differences[~fake])
    facts = dict(checkpoint.facts)
    facts["calibration"] = {"kind": "logistic", "slope": slope, "intercept": intercept}
    facts["thresholds"] = {
        "manipulated": manipulated,
        "authentic": authentic,
        "mask": had if policy.mask_level is None else policy.mask_level,
        "method": named_from,
    }
    facts["method_temperature"] = temperature
    record = {
        "data": data,
        "fakes": int(fake.sum()),
        "reals": int((~fake).sum()),
        "policy": asdict(policy),
        "auc": area_under_roc(differences[fake], differences[~fake]),
        "eer": rate,
        "equal_error_probability": float(expit(slope * at + intercept)),
        "ece": reliability(probabilities, fake).ece,
        "brier": brier(probabilities, fake),
    }
    facts["figures"] = {**facts.get("figures", {}), "calibration": record}
    return replace(checkpoint, facts=facts, resume={})


def _collect(
    judge: Judge, source: Source
) -> tuple[Values, NDArray[np.bool_], list[int | None], Values | None]:
    activations, fake, methods, logits = [], [], [], []
    for samples, verdicts in judged(judge, source.samples()):
        activations.append(verdicts.activations)
        fake += [sample.fake for sample in samples]
        methods += [known_method(sample.method) for sample in samples]
        if verdicts.method_logits is not None:
            logits.append(verdicts.method_logits)
    if not activations:
        raise ValueError("there is nothing to calibrate on")
    both = np.concatenate(activations)
    return (
        both[:, FAKE] - both[:, REAL],
        np.array(fake),
        methods,
        np.concatenate(logits) if logits else None,
    )


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
    """What was fitted, in three lines."""
    record, thresholds = facts["figures"]["calibration"], facts["thresholds"]
    policy = record["policy"]
    return (
        f"P(fake) = sigmoid({facts['calibration']['slope']:.3f} x difference "
        f"{facts['calibration']['intercept']:+.3f}); AUC {record['auc']:.4f}, "
        f"EER {record['eer']:.2%}, ECE {record['ece']:.2%} on {record['fakes']} fakes and "
        f"{record['reals']} reals\n"
        f"manipulated from P {thresholds['manipulated']:.4f} (BPCER at most "
        f"{policy['bpcer']:.1%}), authentic up to P {thresholds['authentic']:.4f} (at most "
        f"{policy['missed']:.1%} of fakes), inconclusive between\n"
        f"methods: temperature {facts['method_temperature']:.3f}, named from "
        f"{thresholds['method']:.3f}"
    )
