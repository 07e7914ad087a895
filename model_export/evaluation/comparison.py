"""Several evaluations side by side: the table of a paper or of a model card."""

from collections.abc import Sequence
from typing import Any

from model_export.evaluation.markdown import decimal, percent, table

HEAD = (
    "model, data",
    "fakes / reals",
    "AUC",
    "EER",
    "found at BPCER 5 %",
    "pixel accuracy",
    "IoU on fakes",
    "false-mask area on reals",
)


def comparison(reports: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """A Markdown table with a row for each (name, content of a report.json)."""
    return table(HEAD, [(name, *_row(report["figures"])) for name, report in reports])


def _row(figures: dict[str, Any]) -> tuple[str, ...]:
    # Clips are judged as wholes where there are any: a row is what the service would say.
    level = figures.get("clips", figures["crops"])
    masks = figures["segmentation"]
    return (
        f"{level['fakes']} / {level['reals']}",
        decimal(level["auc"]),
        percent(level["eer"]),
        percent(level["found_at_bpcer"].get("0.05")),
        percent(masks["pixel_accuracy"]),
        decimal(masks["iou"]),
        percent(masks["false_mask_area"]),
    )
