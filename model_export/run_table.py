"""The table of a training: a row for every check."""

import csv
import io
from pathlib import Path

from model_export.data.families import FAMILIES
from model_export.data.files import write_whole

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


def count_rows(path: Path) -> int:
    """How many rows a table has below its header; 0 where it has none either."""
    with path.open(newline="") as file:
        return max(sum(1 for _ in csv.reader(file)) - 1, 0)


def drop_rows_after(path: Path, pictures: int) -> None:
    """Drop the rows of later checks, and with the last row the table, if there is one."""
    if not path.is_file():
        return
    with path.open(newline="") as file:
        header, *rows = [*csv.reader(file)] or [[]]
    kept = [row for row in rows if float(row[header.index("pictures")]) <= pictures]
    if not kept:
        path.unlink()
    elif kept != rows:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *kept])
        write_whole(path, text.getvalue())


def _columns(row: dict[str, float], preset: str) -> list[str]:
    columns = dict.fromkeys(("pictures", "minutes", *(f"train_{term}" for term in _TERMS[preset])))
    columns |= dict.fromkeys(name for name in row if name.removeprefix("auc_") not in FAMILIES)
    columns |= dict.fromkeys(f"auc_{family}" for family in FAMILIES)
    return [*columns]
