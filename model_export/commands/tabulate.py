"""`unmask-model tabulate`: evaluations side by side, as Markdown."""

import argparse
import os
from pathlib import Path

from model_export.evaluation.comparison import Entry, comparison
from model_export.evaluation.report_file import read_evaluation


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
    """Print the table. Raises ValueError for a folder without a report, or a damaged one."""
    print(comparison([_entry(argument) for argument in options.reports]))
    return 0


def _entry(argument: str) -> Entry:
    name, equals, folders = argument.rpartition("=")
    if not equals:
        raise ValueError(f"{argument!r} is not NAME=FOLDER")
    return Entry(name, [read_evaluation(Path(folder)) for folder in folders.split(os.pathsep)])
