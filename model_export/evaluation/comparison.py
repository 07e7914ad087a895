"""Several evaluations side by side: the table of a paper or of a model card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_export.evaluation.markdown import area, decimal, percent, table, within
from model_export.metrics.curves import equal_error_rate, found_at_alarm_rate
from model_export.metrics.resampling import Trials, area_gained
from model_export.metrics.resampling import area as area_of

HEAD = (
    "model, data",
    "fakes / reals",
    "AUC [95 %]",
    "EER",
    "found at BPCER 5 %",
    "pixel accuracy",
    "IoU on fakes",
    "false-mask area on reals",
)
GAINED = "AUC less that of the first [95 %]"
_ALARMS = 0.05


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` wrote.

    report: the content of its report.json. files: what was judged, rising, and trials: what was
    said of it, in that order; both as `read_judged` gives them, or None where that was not written.
    """

    report: dict[str, Any]
    files: Sequence[str] | None = None
    trials: Trials | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table: what it is called, and the evaluations of which it tells, at least one.

    Several are one model's on different data, or on the same at different qualities, and count as
    one: each file has its place among all of them.
    """

    name: str
    parts: Sequence[Evaluation]


def comparison(entries: Sequence[Entry]) -> str:
    """A Markdown table with a row for each.

    Where others judged the same as the first, files of the same names in folders of the same name
    read with the same options, a column says how far their AUC is from its, with the interval of
    the difference: what is hard for both is no part of it.
    Raises ValueError where evaluations that are to count as one are of several models, or do not
    tell of each file.
    """
    rows = [(each.name, *_row(each)) for each in entries]
    first, *others = entries
    gained = ["-", *(_gained(first, other) for other in others)]
    if {*gained} == {"-"}:
        return table(HEAD, rows)
    return table((*HEAD, GAINED), [(*row, cell) for row, cell in zip(rows, gained, strict=True)])


def _gained(first: Entry, other: Entry) -> str:
    mine, yours = ([(_data(part), part.files) for part in each.parts] for each in (first, other))
    before, after = _together(first), _together(other)
    if before is None or after is None or mine != yours:
        return "-"
    try:
        found = area_gained(before, after)
    except ValueError:
        return "-"
    interval = [within(found.interval, _signed)] if found.interval else []
    return " ".join([_signed(found.value), *interval])


def _data(part: Evaluation) -> dict[str, Any]:
    return {**part.report["data"], "files": None}


def _together(entry: Entry) -> Trials | None:
    """All trials of an entry, kin where they are of the same data; None where some are unknown."""
    known = [(part.report["data"]["name"], part.trials) for part in entry.parts if part.trials]
    if len(known) < len(entry.parts):
        return None
    return Trials(
        np.concatenate([trials.scores for _, trials in known]),
        np.concatenate([trials.fake for _, trials in known]),
        np.array([f"{name}/{kin}" for name, trials in known for kin in trials.kin], dtype=np.str_),
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _row(entry: Entry) -> tuple[str, ...]:
    if len(entry.parts) > 1:
        return _row_of_several(entry)
    figures = entry.parts[0].report["figures"]
    # Clips are judged as wholes where there are any: a row is what the service would say.
    level = figures.get("clips", figures["crops"])
    masks = figures["segmentation"]
    return (
        f"{level['fakes']} / {level['reals']}",
        area(level),
        percent(level["eer"]),
        percent(level["found_at_bpcer"].get("0.05")),
        percent(masks["pixel_accuracy"]),
        decimal(masks["iou"]),
        percent(masks["false_mask_area"]),
    )


def _row_of_several(entry: Entry) -> tuple[str, ...]:
    models = [part.report["model"] for part in entry.parts]
    if any(model != models[0] for model in models):
        raise ValueError(f"{entry.name}: several models' logits cannot be put together")
    trials = _together(entry)
    if trials is None:
        raise ValueError(f"{entry.name}: an evaluation without judged.csv cannot be put together")
    fake, real = trials.scores[trials.fake], trials.scores[~trials.fake]
    found = area_of(trials)
    return (
        f"{len(fake)} / {len(real)}",
        area({"auc": found.value, "auc_interval": found.interval}),
        percent(equal_error_rate(fake, real)),
        percent(found_at_alarm_rate(fake, real, _ALARMS)),
        percent(_mean_of(entry, "pixel_accuracy", "fakes_with_truth", "reals")),
        decimal(_mean_of(entry, "iou", "fakes_with_truth")),
        percent(_mean_of(entry, "false_mask_area", "reals")),
    )


def _mean_of(entry: Entry, name: str, *counts: str) -> float | None:
    """A mean over crops, out of those of the parts; None where no part has it.

    counts: which crops it is over, by the names of their counts.
    """
    figures = [part.report["figures"] for part in entry.parts]
    weights = [
        sum({**each["crops"], **each["segmentation"]}[count] for count in counts)
        for each in figures
    ]
    means = [each["segmentation"][name] for each in figures]
    known = [pair for pair in zip(means, weights, strict=True) if pair[0] is not None]
    total = sum(weight for _, weight in known)
    return sum(mean * weight for mean, weight in known) / total if total else None
