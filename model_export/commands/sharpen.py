"""`unmask-model sharpen`: a checkpoint that is shown enlarged faces sharpened."""

import argparse
from dataclasses import replace
from pathlib import Path

from model_export.average import KEPT
from model_export.commands.arguments import existing_path, fraction, strength
from model_export.restore import read_trained
from service.faces.crop import CropRule

KEEPS = (*KEPT, "averaged", "restored")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "checkpoint", type=existing_path, help="checkpoint, or exported mobile model, to change"
    )
    parser.add_argument(
        "strength",
        type=strength,
        help="how much of a crop's finest detail is added once more for each unit of enlargement "
        "above 0.85",
    )
    parser.add_argument(
        "--lead",
        type=fraction,
        default=0.0,
        help="what the fake half is given before the halves compete: sharper crops look more real",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")


def run(options: argparse.Namespace) -> int:
    """Set both; prints the path. What was calibrated without is left out."""
    before = read_trained(options.checkpoint)
    facts = {
        name: before.facts[name] for name in (*KEPT, "averaged", "restored") if name in before.facts
    }
    crop = facts.get("crop", {"scale": CropRule().scale})
    facts["crop"] = crop | {"sharpening": options.strength}
    config = replace(before.config, lead=options.lead)
    replace(before, config=config, facts=facts, resume={}).save(options.out)
    print(options.out)
    return 0
