"""`unmask-model describe`: write into a checkpoint what people must know of it."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from model_export.checkpoint import load_checkpoint
from model_export.commands.arguments import existing_path, words
from model_export.commands.targets import expect_checkpoint

FIELDS = {
    "name": "what the model is called",
    "version": "which version it is",
    "training_data": "what it was trained on",
    "licence": "under which licence its weights are",
}
"""Facts that people write, and what each says."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("checkpoint", type=existing_path, help="checkpoint to describe")
    parser.add_argument("-o", "--out", type=Path, help="checkpoint to write; default: only print")
    for field, meaning in FIELDS.items():
        parser.add_argument(
            f"--{field.replace('_', '-')}",
            type=words,
            help=f"{meaning}; default: what the checkpoint says",
        )


def run(options: argparse.Namespace) -> int:
    """Set the given fields; prints all facts of the checkpoint."""
    if options.out is not None:
        expect_checkpoint(options.out)
    checkpoint = load_checkpoint(options.checkpoint)
    given = {f: getattr(options, f) for f in FIELDS if getattr(options, f) is not None}
    if given and options.out is None:
        raise ValueError("where to write the described checkpoint: give --out")
    described = replace(checkpoint, facts={**checkpoint.facts, **given}, resume={})
    if options.out is not None:
        described.save(options.out)
    print(json.dumps(described.facts, indent=1))
    return 0
