"""`unmask-model fit-methods`: another method output behind the same network."""

import argparse
from pathlib import Path

from model_export.checkpoint import all_people
from model_export.commands.arguments import existing_path, whole
from model_export.commands.sources import (
    add_drawing,
    add_faces,
    add_left_out,
    read_divided,
    remaining_families,
)
from model_export.commands.targets import expect_checkpoint
from model_export.data.forge import Forge
from model_export.data.loading import load_batches
from model_export.data.pairs import PairDataset, method_index
from model_export.description import crop_of, crop_rule
from model_export.losses import NO_METHOD
from model_export.method_output import MethodFit, fit_methods
from model_export.restore import read_trained

_AT_ONCE = 16
"""Pairs that the network looks at together."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "checkpoint", type=existing_path, help="checkpoint, or exported mobile model, to change"
    )
    add_faces(parser)
    add_left_out(parser)
    add_drawing(parser)
    parser.add_argument("--pairs", type=whole(1), default=6000, help="pairs to learn from")
    parser.add_argument(
        "--workers", type=whole(0), default=1, help="further processes that make pairs"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")


def run(options: argparse.Namespace) -> int:
    """Fit on people to learn from and write; prints how many methods are named rightly."""
    expect_checkpoint(options.out)
    before = read_trained(options.checkpoint)
    training, _ = read_divided(options)
    named = tuple(name for name in remaining_families(options) if method_index(name) != NO_METHOD)
    if not named:
        raise ValueError("every family of a named method is left out")
    rule = crop_rule(crop_of(before.facts), before.config.size)
    forge = Forge(training, rule, named, options.strength, options.edited)
    pairs = load_batches(PairDataset(forge, options.pairs, options.seed), _AT_ONCE, options.workers)
    after, was, now = fit_methods(before, pairs, MethodFit(seed=options.seed))
    after.facts["people"] = all_people(before.facts.get("people"), training.digest)
    after.save(options.out)
    print(f"methods named rightly, of the crops learned from: {was:.1%} before, {now:.1%} after")
    print(options.out)
    return 0
