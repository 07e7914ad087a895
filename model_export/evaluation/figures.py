"""Rows to figures, JSON-ready."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from model_export.description import thresholds_of
from model_export.evaluation.rows import UNKNOWN, Row
from model_export.metrics.calibration import brier, reliability
from model_export.metrics.company import in_company
from model_export.metrics.coverage import band, risk_coverage
from model_export.metrics.curves import area_under_roc, equal_error, found_at_alarm_rate
from model_export.metrics.errors import Rate, errors_at
from model_export.metrics.resampling import Trials, area
from model_export.metrics.segmentation import MaskMatch
from model_export.metrics.skin import TONES
from model_export.metrics.surface import Surface
from model_export.sources.sample import known_method
from model_export.uploads import worst_tracks
from service.inference.model_file import Thresholds

Values = NDArray[np.float64]
ALARM_RATES = (0.01, 0.05)
NOTICED_AREA = 0.01
"""Share of a crop from which a false mask catches the eye."""


def summarise(rows: Sequence[Row], threshold: float, note: dict[str, Any]) -> dict[str, Any]:
    """All figures of `evaluate`. threshold: P(fake) fixed on other data.

    Raises ValueError when there is no fake or no real.
    """
    if not both_classes(rows):
        raise ValueError("an evaluation needs fakes and reals")
    figures = {
        "crops": detection(rows, threshold, note),
        "segmentation": segmentation(rows),
        "methods": methods(rows),
        "quality": by_warning(rows, threshold),
        "skin": by_skin(rows, threshold),
        "surface": by_surface(rows),
    }
    clips = as_clips(rows, thresholds_of(note))
    if len(clips) < len(rows) and both_classes(clips):
        figures["clips"] = detection(clips, threshold, note)
    return figures


def split(rows: Sequence[Row]) -> tuple[Values, Values]:
    """P(fake) of fakes and of reals."""
    fake = np.array([row.probability for row in rows if row.fake])
    return fake, np.array([row.probability for row in rows if not row.fake])


def detection(rows: Sequence[Row], threshold: float, note: dict[str, Any]) -> dict[str, Any]:
    """How well fakes are told from reals; intervals know which rows are kin."""
    # Ranks are taken on logits: probabilities near 1 would tie.
    fake_logits = np.array([row.logit for row in rows if row.fake])
    real_logits = np.array([row.logit for row in rows if not row.fake])
    names = np.array([row.method for row in rows if row.fake])
    fake, real = split(rows)
    everything = np.concatenate((fake, real))
    truth = np.arange(len(everything)) < len(fake)
    kin = {"fake_kin": _kin(rows, fake=True), "real_kin": _kin(rows, fake=False)}
    logits = np.concatenate((fake_logits, real_logits))
    everyone = np.concatenate((kin["fake_kin"], kin["real_kin"]))
    groups = np.unique(everyone, return_counts=True)[1]
    auc = area(Trials(logits, truth, everyone))
    rate, at = equal_error(fake_logits, real_logits)
    bins, thresholds = reliability(everything, truth), note["thresholds"]
    verdicts = band(everything, truth, thresholds["authentic"], thresholds["manipulated"])
    return {
        "fakes": len(fake),
        "reals": len(real),
        "independent": len(groups),
        "largest_group": float(groups.max() / groups.sum()),
        "auc": auc.value,
        "auc_interval": auc.interval,
        "eer": rate,
        "eer_probability": float(expit(at)),
        "found_at_bpcer": {
            str(a): found_at_alarm_rate(fake_logits, real_logits, a) for a in ALARM_RATES
        },
        "at_validation_threshold": asdict(errors_at(threshold, fake, names, real, **kin)),
        "at_manipulated": asdict(errors_at(thresholds["manipulated"], fake, names, real, **kin)),
        "per_method": {
            str(name): {
                "auc": area_under_roc(fake_logits[names == name], real_logits),
                "eer": equal_error(fake_logits[names == name], real_logits)[0],
            }
            for name in np.unique(names)
        },
        "ece": bins.ece,
        "brier": brier(everything, truth),
        "risk_coverage_area": risk_coverage(everything, truth).area,
        "verdicts": {
            "decided": verdicts.decided,
            "wrong_among_decided": verdicts.wrong,
            "fakes_called_authentic": verdicts.fakes_called_authentic,
            "reals_called_manipulated": verdicts.reals_called_manipulated,
        },
        "in_company": [
            asdict(each) for each in in_company(fake_logits, real_logits, thresholds_of(note))
        ],
    }


def as_clips(rows: Sequence[Row], thresholds: Thresholds) -> list[Row]:
    """One row per picture or clip, see `worst_tracks`, with its probability.

    A clip with a manipulated stretch is a fake, whichever frame looks worst.
    """
    fakes = {row.group: row.method for row in rows if row.fake}
    return [
        replace(
            row,
            logit=logit,
            probability=float(expit(logit)),
            fake=row.group in fakes,
            method=fakes.get(row.group, row.method),
        )
        for row, logit in worst_tracks(rows, thresholds)
    ]


def both_classes(rows: Sequence[Row]) -> bool:
    """Whether there are fakes and reals."""
    return len({row.fake for row in rows}) == 2


def segmentation(rows: Sequence[Row]) -> dict[str, Any]:
    """Masks on fakes whose truth is known, false masks on reals."""
    fakes = [row for row in rows if row.fake and row.match is not None]
    reals = [row.match for row in rows if not row.fake and row.match is not None]
    known = [row.match for row in fakes if row.match is not None]
    methods = sorted({row.method for row in fakes})
    return {
        "fakes_with_truth": len(known),
        "pixel_accuracy": _mean([*known, *reals], "pixel_accuracy") if known else None,
        "iou": _mean(known, "iou"),
        "dice": _mean(known, "dice"),
        "iou_per_method": {
            name: _mean([r.match for r in fakes if r.match and r.method == name], "iou")
            for name in methods
        },
        "false_mask_area": _mean(reals, "area"),
        "reals_with_a_false_mask": float(np.mean([m.area > NOTICED_AREA for m in reals])),
    }


def methods(rows: Sequence[Row]) -> dict[str, Any]:
    """How fakes were called; accuracy over those whose method the detector can know."""
    fakes = [row for row in rows if row.fake]
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for row in fakes:
        confusion[row.method][row.named] += 1
    knowable = [row for row in fakes if known_method(row.method) is not None]
    named = [row for row in knowable if row.named != UNKNOWN]
    return {
        "confusion": {name: dict(calls) for name, calls in sorted(confusion.items())},
        "accuracy": _agreement([(r.likeliest, r.method) for r in knowable]),
        "accuracy_when_named": _agreement([(r.named, r.method) for r in named]),
        "named_share": len(named) / len(knowable) if knowable else None,
    }


def by_warning(rows: Sequence[Row], threshold: float) -> dict[str, Any]:
    """Whether the quality warnings matter: errors at the threshold with each and without any."""
    codes = sorted({code for row in rows for code in row.warnings})
    groups = {code: [r for r in rows if code in r.warnings] for code in codes}
    groups["none"] = [r for r in rows if not r.warnings]
    return {
        code: asdict(
            Rate.of(
                np.array([(r.probability >= threshold) != r.fake for r in chosen]),
                np.array([r.kin for r in chosen]),
            )
        )
        for code, chosen in groups.items()
        if chosen and codes
    }


def by_skin(rows: Sequence[Row], threshold: float) -> dict[str, Any]:
    """Whether some are wronged oftener: reals called fake and fakes missed, by tone of skin."""
    figures: dict[str, Any] = {}
    for tone in TONES:
        toned = [row for row in rows if row.skin == tone]
        fake, real = split(toned)
        if len(fake) and len(real):
            figures[tone] = {
                "bpcer": asdict(Rate.of(real >= threshold, _kin(toned, fake=False))),
                "missed": asdict(Rate.of(fake < threshold, _kin(toned, fake=True))),
                "auc": area_under_roc(fake, real),
            }
    return figures


def by_surface(rows: Sequence[Row]) -> dict[str, float]:
    """How well one number of the crops tells fakes from reals, without a detector.

    AUC of each of `Surface` as a score: above 0.5 where fakes have more of it.
    """

    def values(name: str, *, fake: bool) -> Values:
        return np.array([getattr(row.surface, name) for row in rows if row.fake == fake])

    return {
        each.name: area_under_roc(values(each.name, fake=True), values(each.name, fake=False))
        for each in fields(Surface)
    }


def _kin(rows: Sequence[Row], *, fake: bool) -> NDArray[np.str_]:
    return np.array([row.kin for row in rows if row.fake == fake])


def _agreement(pairs: list[tuple[str, str]]) -> float | None:
    if not pairs:
        return None
    return float(np.mean([known_method(a) == known_method(b) for a, b in pairs]))


def _mean(matches: Sequence[MaskMatch], name: str) -> float | None:
    return float(np.mean([getattr(match, name) for match in matches])) if matches else None
