"""`unmask-model protocol`: the paper's table in kind, trainings included."""

import argparse
import math
from pathlib import Path

from model_export.commands.arguments import (
    existing_folder,
    existing_path,
    fraction,
    limit,
    whole,
)
from model_export.commands.sources import add_faces, read_faces
from model_export.commands.targets import expect_folder
from model_export.data.families import FAMILIES
from model_export.protocol import PRESETS, Protocol, ProtocolPlan
from model_export.train import TrainConfig


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    defaults = ProtocolPlan(TrainConfig())
    add_faces(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder; a cut run goes on")
    parser.add_argument(
        "--preset",
        action="append",
        choices=[*PRESETS],
        help="only this one; repeatable; default: all",
    )
    parser.add_argument(
        "--other",
        action="append",
        default=[],
        metavar="NAME=CHECKPOINT",
        help="a checkpoint to measure beside them, such as the imported published weights; "
        "repeatable",
    )
    parser.add_argument(
        "--unseen",
        action="append",
        choices=[*FAMILIES],
        help="a family left out of a training; repeatable; default: face2face, faceswap",
    )
    parser.add_argument(
        "--pictures", type=whole(2), default=40_000, help="pictures of each training"
    )
    parser.add_argument(
        "--minutes",
        type=limit,
        default=math.inf,
        help="length of each training at most; default: no limit",
    )
    parser.add_argument(
        "--strength",
        type=fraction,
        default=defaults.strength,
        help="of compression, blur and noise, 0 to 1, in training and test",
    )
    parser.add_argument(
        "--harder",
        type=fraction,
        default=defaults.harder,
        help="the same in the row of mismatching compression",
    )
    parser.add_argument(
        "--batch", type=whole(2), default=defaults.train.batch, help="pictures a step"
    )
    parser.add_argument(
        "--stored",
        type=existing_folder,
        metavar="DIR",
        help="pairs of `store-pairs` to learn from instead of making them in each training",
    )
    parser.add_argument(
        "--imagenet", type=existing_path, help="MobileNetV2 weights for the mobile preset"
    )
    parser.add_argument(
        "--test-pairs",
        type=whole(1),
        default=defaults.test_pairs,
        help="pairs for each cell of the table",
    )
    parser.add_argument(
        "--tuning-pairs",
        type=whole(2),
        default=defaults.tuning_pairs,
        help="pairs of an unseen family to fine-tune on",
    )
    parser.add_argument(
        "--tuning-epochs",
        type=whole(1),
        default=defaults.tuning_epochs,
        help="passes of fine-tuning over its crops",
    )
    parser.add_argument(
        "--workers",
        type=whole(0),
        default=1,
        help="further processes that make pictures; with 0 this one makes them",
    )
    parser.add_argument(
        "--validation-pairs", type=whole(1), default=200, help="pairs that choose each checkpoint"
    )


def run(options: argparse.Namespace) -> int:
    """Train, measure, print the table. Raises ValueError for an --other that is none."""
    expect_folder(options.out)
    others = {}
    for argument in options.other:
        name, equals, path = argument.rpartition("=")
        if not equals:
            raise ValueError(f"{argument!r} is not NAME=CHECKPOINT")
        if not Path(path).is_file():
            raise ValueError(f"{path} does not exist")
        others[name] = Path(path)
    plan = ProtocolPlan(
        TrainConfig(
            pictures=options.pictures,
            minutes=options.minutes,
            batch=options.batch,
            workers=options.workers,
            validation_pairs=options.validation_pairs,
        ),
        unseen=tuple(options.unseen or ("face2face", "faceswap")),
        strength=options.strength,
        harder=options.harder,
        test_pairs=options.test_pairs,
        tuning_pairs=options.tuning_pairs,
        tuning_epochs=options.tuning_epochs,
        imagenet=options.imagenet,
        stored=options.stored,
    )
    protocol = Protocol(read_faces(options), plan, options.out)
    print(protocol.run(options.preset or [*PRESETS], others))
    return 0
