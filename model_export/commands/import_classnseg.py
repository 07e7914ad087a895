"""`unmask-model import-classnseg`: the authors' published weights as a checkpoint of ours."""

import argparse
from pathlib import Path

from model_export.classnseg import IMAGENET, PLAIN, import_classnseg
from model_export.commands.arguments import existing_path
from model_export.commands.targets import expect_checkpoint


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("encoder", type=existing_path, help="the authors' encoder_N.pt")
    parser.add_argument("decoder", type=existing_path, help="the authors' decoder_N.pt")
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument(
        "--normalise",
        choices=("none", "imagenet"),
        default="none",
        help="how pictures are normalised; the published weights were trained almost without",
    )


def run(options: argparse.Namespace) -> int:
    """Convert; prints the path."""
    expect_checkpoint(options.out)
    config = IMAGENET if options.normalise == "imagenet" else PLAIN
    import_classnseg(options.encoder, options.decoder, config).save(options.out)
    print(options.out)
    return 0
