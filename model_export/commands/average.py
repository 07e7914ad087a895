"""`unmask-model average`: between a checkpoint and what became of it."""

import argparse
from pathlib import Path

from model_export.average import average
from model_export.checkpoint import load_checkpoint


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("before", type=Path, help="checkpoint that the other was trained from")
    parser.add_argument("after", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="weight of AFTER, 0 to 1")
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")


def run(options: argparse.Namespace) -> int:
    """Average; prints the path. Raises ValueError where the two do not belong together."""
    before, after = load_checkpoint(options.before), load_checkpoint(options.after)
    average(before, after, options.share).save(options.out)
    print(options.out)
    return 0
