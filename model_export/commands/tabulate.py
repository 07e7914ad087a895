"""`unmask-model tabulate`: evaluations side by side, as Markdown."""

import argparse
import json
import os
from pathlib import Path

from model_export.evaluation.comparison import Entry, Evaluation, comparison
from model_export.evaluation.judged import NAME, read_judged


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reports",
        nargs="+",
        metavar=f"NAME=FOLDER[{os.pathsep}FOLDER...]",
        help="what the row is called, and the folder that `evaluate -o` wrote; several of one "
        "model count as one, as what is uploaded comes at all qualities",
    )


def run(options: argparse.Namespace) -> int:
    """Print the table. Raises ValueError for a folder without a report."""
    print(comparison([_entry(argument) for argument in options.reports]))
    return 0


def _entry(argument: str) -> Entry:
    name, equals, folders = argument.rpartition("=")
    if not equals:
        raise ValueError(f"{argument!r} is not NAME=FOLDER")
    return Entry(name, [_evaluation(Path(folder)) for folder in folders.split(os.pathsep)])


def _evaluation(folder: Path) -> Evaluation:
    path, judged = folder / "report.json", folder / NAME
    if not path.is_file():
        raise ValueError(f"there is no report.json in {folder}")
    report = json.loads(path.read_text())
    # Earlier versions wrote none.
    return Evaluation(report, *read_judged(judged) if judged.is_file() else ())
