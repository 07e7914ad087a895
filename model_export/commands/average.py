"""`unmask-model average`: between a checkpoint and what became of it."""

import argparse
from pathlib import Path

from model_export.average import average
from model_export.checkpoint import load_checkpoint
from model_export.commands.arguments import existing_path, fraction
from model_export.commands.targets import expect_checkpoint


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("before", type=existing_path, help="checkpoint AFTER was trained from")
    parser.add_argument("after", type=existing_path, help="checkpoint after more training")
    parser.add_argument("--share", type=fraction, default=0.5, help="weight of AFTER, 0 to 1")
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")


def run(options: argparse.Namespace) -> int:
    """Average; prints the path. Raises ValueError where the two do not belong together."""
    expect_checkpoint(options.out)
    before, after = load_checkpoint(options.before), load_checkpoint(options.after)
    average(before, after, options.share).save(options.out)
    print(options.out)
    return 0
