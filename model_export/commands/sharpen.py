"""`unmask-model sharpen`: a checkpoint that is shown small faces sharpened."""

import argparse
from dataclasses import replace
from pathlib import Path

from model_export.average import KEPT
from model_export.commands.arguments import existing_path, fraction, strength
from model_export.commands.targets import expect_checkpoint
from model_export.description import crop_of
from model_export.restore import read_trained
from service.faces.sharpening import MOST, UNSEEN

KEEPS = (*KEPT, "people", "averaged", "restored")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "checkpoint", type=existing_path, help="checkpoint, or exported mobile model, to change"
    )
    parser.add_argument(
        "strength",
        type=strength,
        help="how much of a crop's finest detail is added once more for each unit of enlargement "
        f"above {UNSEEN:g}, {MOST:g} times at most",
    )
    parser.add_argument(
        "--lead",
        type=fraction,
        help="what the fake half is given before the halves compete, since sharper crops look more "
        "real; default: what it has",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")


def run(options: argparse.Namespace) -> int:
    """Set both; prints the path. What was calibrated without is left out."""
    expect_checkpoint(options.out)
    before = read_trained(options.checkpoint)
    facts = {name: value for name, value in before.facts.items() if name in KEEPS}
    facts["crop"] = crop_of(facts) | {"sharpening": options.strength}
    lead = before.config.lead if options.lead is None else options.lead
    config = replace(before.config, lead=lead)
    replace(before, config=config, facts=facts, resume={}).save(options.out)
    print(options.out)
    return 0
