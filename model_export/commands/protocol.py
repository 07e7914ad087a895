"""`unmask-model protocol`: the paper's table in kind, trainings included."""

import argparse
import math
from pathlib import Path

from model_export.commands.sources import add_faces, read_faces
from model_export.data.families import FAMILIES
from model_export.protocol import PRESETS, Protocol, ProtocolPlan
from model_export.train import TrainConfig


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_faces(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder; a cut run goes on")
    parser.add_argument("--preset", action="append", choices=[*PRESETS], help="default: all")
    parser.add_argument(
        "--other",
        action="append",
        default=[],
        metavar="NAME=CHECKPOINT",
        help="a checkpoint to measure beside them, such as the imported published weights",
    )
    parser.add_argument(
        "--unseen", action="append", choices=[*FAMILIES], help="default: face2face, faceswap"
    )
    parser.add_argument("--pictures", type=int, default=40_000, help="of each training")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of each training")
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights for the mobile preset")
    parser.add_argument("--test-pairs", type=int, default=300)
    parser.add_argument("--tuning-pairs", type=int, default=40)
    parser.add_argument("--tuning-epochs", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--validation-pairs", type=int, default=200)


def run(options: argparse.Namespace) -> int:
    """Train, measure, print the table. Raises ValueError for an --other without a name."""
    others = {}
    for argument in options.other:
        name, equals, path = argument.rpartition("=")
        if not equals:
            raise ValueError(f"{argument!r} is not NAME=CHECKPOINT")
        others[name] = Path(path)
    plan = ProtocolPlan(
        TrainConfig(
            pictures=options.pictures,
            minutes=options.minutes,
            workers=options.workers,
            validation_pairs=options.validation_pairs,
        ),
        unseen=tuple(options.unseen or ("face2face", "faceswap")),
        test_pairs=options.test_pairs,
        tuning_pairs=options.tuning_pairs,
        tuning_epochs=options.tuning_epochs,
        imagenet=options.imagenet,
    )
    protocol = Protocol(read_faces(options), plan, options.out)
    print(protocol.run(options.preset or [*PRESETS], others))
    return 0
