"""What was judged, file by file: `judged.csv`."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model_export.data.files import naming
from model_export.evaluation.rows import Row
from model_export.metrics.resampling import Trials
from service.inference.model_file import Thresholds
from service.verdict.calibration import decide

NAME = "judged.csv"
_HEAD = ("file", "kin", "fake", "method", "logit", "probability", "verdict")


def write_judged(rows: Sequence[Row], thresholds: Thresholds, path: Path) -> None:
    """A line for each picture or clip, see `figures.as_clips`; what looks most fake comes first.

    verdict: what the thresholds say of the probability; the service leaves more open. What is no
    Unicode in a name is escaped, and so alike in all such files. Raises OSError.
    """
    with (
        naming(path),
        path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        lines = csv.writer(file)
        lines.writerow(_HEAD)
        for row in sorted(rows, key=lambda row: (-row.logit, row.group)):
            verdict = decide(row.probability, thresholds)
            numbers = f"{row.logit:.6f}", f"{row.probability:.6f}"
            lines.writerow((row.group, row.kin, int(row.fake), row.method, *numbers, verdict))


def read_judged(path: Path) -> tuple[list[str], Trials]:
    """The names of the files, rising, and what was said of them. Raises ValueError, OSError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = sorted(csv.DictReader(file), key=lambda line: line["file"])
        if not lines:
            raise ValueError("nothing was judged")
        trials = Trials(
            np.array([float(line["logit"]) for line in lines]),
            np.array([line["fake"] == "1" for line in lines], dtype=bool),
            np.array([line["kin"] for line in lines], dtype=np.str_),
        )
        return [line["file"] for line in lines], trials
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} was not written by `unmask-model evaluate`") from error
