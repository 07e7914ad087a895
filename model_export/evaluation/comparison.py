"""Several evaluations side by side: the table of a paper or of a model card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_export.evaluation.markdown import area, decimal, percent, table, within
from model_export.metrics.resampling import Trials, area_gained

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


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` wrote.

    name: what its row is called. report: the content of its report.json. files: what was judged,
    rising, and trials: what was said of it, in that order; both as `read_judged` gives them, or
    None where that was not written.
    """

    name: str
    report: dict[str, Any]
    files: Sequence[str] | None = None
    trials: Trials | None = None


def comparison(evaluations: Sequence[Evaluation]) -> str:
    """A Markdown table with a row for each.

    Where others judged the same as the first, files of the same names in a folder of the same name
    read with the same options, a column says how far their AUC is from its, with the interval of
    the difference: what is hard for both is no part of it.
    """
    rows = [(each.name, *_row(each.report["figures"])) for each in evaluations]
    first, *others = evaluations
    gained = ["-", *(_gained(first, other) for other in others)]
    if {*gained} == {"-"}:
        return table(HEAD, rows)
    return table((*HEAD, GAINED), [(*row, cell) for row, cell in zip(rows, gained, strict=True)])


def _gained(first: Evaluation, other: Evaluation) -> str:
    if first.trials is None or other.trials is None or first.files != other.files:
        return "-"
    data = [{**each.report["data"], "files": None} for each in (first, other)]
    if data[0] != data[1]:
        return "-"
    try:
        found = area_gained(first.trials, other.trials)
    except ValueError:
        return "-"
    interval = [within(found.interval, _signed)] if found.interval else []
    return " ".join([_signed(found.value), *interval])


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _row(figures: dict[str, Any]) -> tuple[str, ...]:
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
