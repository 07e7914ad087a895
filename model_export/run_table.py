"""The table of a training: a row for every check."""

import csv
from pathlib import Path

from model_export.data.families import FAMILIES

_PAPER_TERMS = ("activation", "segmentation", "reconstruction")
_TERMS = {"paper": _PAPER_TERMS, "mobile": (*_PAPER_TERMS, "method")}
"""Names of all losses that a preset's batches can have; a batch may lack some."""


def append_row(path: Path, row: dict[str, float], preset: str) -> None:
    """Append to a CSV file, whose columns stay those it was begun with.

    row: pictures and minutes so far, losses as `train_NAME`, and what validation found. A batch
    without a named method has no such loss, and a family may be missing among the validation's
    pairs: their cells stay empty.
    """
    with path.open("a+", newline="") as file:
        file.seek(0)
        header = next(csv.reader(file), None)
        writer = csv.DictWriter(file, header or _columns(row, preset), extrasaction="ignore")
        if header is None:
            writer.writeheader()
        writer.writerow(row)


def _columns(row: dict[str, float], preset: str) -> list[str]:
    columns = dict.fromkeys(("pictures", "minutes", *(f"train_{term}" for term in _TERMS[preset])))
    columns |= dict.fromkeys(name for name in row if name.removeprefix("auc_") not in FAMILIES)
    columns |= dict.fromkeys(f"auc_{family}" for family in FAMILIES)
    return [*columns]
