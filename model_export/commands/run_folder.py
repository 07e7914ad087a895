"""The folder of a training, which holds one run."""

import argparse
from pathlib import Path

from model_export.run_table import count_rows

_OF_A_RUN = ("last.pt", "best.pt", "metrics.csv")
"""Files that another run would overwrite or add to."""


def refuse_second_run(options: argparse.Namespace) -> None:
    """Raises ValueError where --out holds a run and --resume is not given."""
    held = [name for name in _OF_A_RUN if (options.out / name).exists()]
    if held and not options.resume:
        raise ValueError(
            f"{options.out} already holds {held[0]} of another run: give --resume to go on with "
            "it, or an empty folder"
        )


def cut_before_its_first_checkpoint(folder: Path) -> bool:
    """Whether a run began, and wrote a row at most, but nothing yet that it could go on from.

    One with more rows had a `last.pt`, and who removed that may want to keep the best.
    """
    table = folder / "metrics.csv"
    if (folder / "last.pt").exists():
        return False
    if table.is_file():
        return count_rows(table) <= 1
    return (folder / "train.json").is_file() and not (folder / "best.pt").exists()
