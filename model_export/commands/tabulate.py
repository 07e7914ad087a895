"""`unmask-model tabulate`: evaluations side by side, as Markdown."""

import argparse
import json
from pathlib import Path

from model_export.evaluation.comparison import Evaluation, comparison
from model_export.evaluation.judged import NAME, read_judged


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reports",
        nargs="+",
        metavar="NAME=FOLDER",
        help="what the row is called, and the folder that `evaluate -o` wrote",
    )


def run(options: argparse.Namespace) -> int:
    """Print the table. Raises ValueError for a folder without a report."""
    print(comparison([_evaluation(argument) for argument in options.reports]))
    return 0


def _evaluation(argument: str) -> Evaluation:
    name, equals, folder = argument.rpartition("=")
    path = Path(folder) / "report.json"
    if not equals or not path.is_file():
        raise ValueError(f"{argument!r} is not NAME=FOLDER with a report.json in it")
    report, judged = json.loads(path.read_text()), path.with_name(NAME)
    # Earlier versions wrote none.
    return Evaluation(name, report, *read_judged(judged) if judged.is_file() else ())
