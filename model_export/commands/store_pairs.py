"""`unmask-model store-pairs`: pairs for `train --stored`, made beforehand or beside it."""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model_export.commands.arguments import positive, strength, whole
from model_export.commands.sources import (
    add_drawing,
    add_faces,
    add_left_out,
    read_divided,
    remaining_families,
)
from model_export.commands.targets import expect_folder
from model_export.data.forge import Forge
from model_export.data.stored_pairs import PART, is_whole, open_folder, store_part
from model_export.processes import in_order, process_pool
from service.faces.crop import CropRule


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_faces(parser)
    add_left_out(parser)
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="folder to write; a cut run goes on"
    )
    parser.add_argument(
        "-n",
        "--count",
        type=whole(1),
        required=True,
        help=f"pairs to make, in files of {PART}; each takes 0.46 MB",
    )
    parser.add_argument(
        "--crop-scale",
        type=positive,
        default=CropRule().scale,
        help="side of the crop over the height of the detector's face box",
    )
    parser.add_argument(
        "--sharpening",
        type=strength,
        default=0.0,
        help="of the crop rule, see `sharpen`; pairs are stored as they are before it",
    )
    add_drawing(parser)
    parser.add_argument("--workers", type=whole(1), default=1, help="processes that make pairs")


def run(options: argparse.Namespace) -> int:
    """Make the pairs that are not there yet; prints the folder.

    The people held out for validation by `train` are in none of them. Raises ValueError where
    the folder holds other pairs.
    """
    expect_folder(options.out)
    people, _ = read_divided(options)
    families = remaining_families(options)
    rule = CropRule(options.crop_scale, sharpening=options.sharpening)
    forge = Forge(people, rule, families, options.strength, options.edited)
    open_folder(options.out, forge, options.seed)
    parts = {options.out / f"{start:07d}.pairs": start for start in range(0, options.count, PART)}
    missing = [(path, start) for path, start in parts.items() if not is_whole(path, rule.size)]
    make = partial(_make, forge, options.seed)
    with (
        tqdm(total=PART * len(missing), unit="pair", mininterval=5) as bar,
        process_pool(options.workers) as pool,
    ):
        for _ in in_order(pool, make, missing, 2 * options.workers):
            bar.update(PART)
    print(options.out)
    return 0


def _make(forge: Forge, seed: int, part: tuple[Path, int]) -> None:
    path, start = part
    numbers = range(start, start + PART)
    store_part(path, [forge.draw(np.random.default_rng((seed, number))) for number in numbers])
