"""`unmask-model train-generators`: the small face generators that the forge swaps with."""

import argparse
from pathlib import Path

from model_export.commands.arguments import whole
from model_export.commands.sources import add_faces, read_divided
from model_export.commands.targets import expect_file
from model_export.data.generator import DESIGNS
from model_export.generators import aligned_faces, save_generators, train_generator
from service.memory import keep_freed_memory


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_faces(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="generators.npz to write")
    parser.add_argument(
        "--steps", type=whole(1), default=1500, help="steps of 16 faces for each generator"
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="seed of all that is random")


def run(options: argparse.Namespace) -> int:
    """Train one after the other on the training people; prints the path."""
    expect_file(options.out)
    keep_freed_memory()
    training, _ = read_divided(options)
    faces = aligned_faces(training)
    numbers = range(len(DESIGNS))
    made = [train_generator(n, faces, options.steps, options.seed) for n in numbers]
    save_generators(made, options.out)
    print(options.out)
    return 0
