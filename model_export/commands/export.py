"""`unmask-model export`: a checkpoint as the ONNX file the service runs."""

import argparse
import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.checkpoint import load_checkpoint
from model_export.export import check_pictures, export

MOST_CALIBRATION_PICTURES = 512


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="ONNX file to write")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="the network as it was trained, not arranged for ONNX Runtime: to compare with",
    )
    parser.add_argument(
        "--optional-mask",
        action="store_true",
        help="an input `mask_floor` with which a run may go without the mask: the service does "
        "not have it drawn for pictures that are clearly real",
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="quantise to 8 bits, static and per channel; needs --calibration-pictures",
    )
    parser.add_argument(
        "--calibration-pictures",
        type=Path,
        metavar="DIR",
        help="folder of face crops or pictures of faces: every second one sets the ranges, the "
        "others measure the agreement with the float model",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        nargs="*",
        default=[],
        help="pictures to compare PyTorch and ONNX Runtime on; default: smooth random ones",
    )


def run(options: argparse.Namespace) -> int:
    """Export and check; prints size, digest and the measured differences."""
    checkpoint = load_checkpoint(options.checkpoint)
    size = checkpoint.config.size
    if options.int8 and options.calibration_pictures is None:
        raise ValueError("--int8 needs --calibration-pictures")
    pictures = _read(options.pictures, size) if options.pictures else check_pictures(size)
    if options.optional_mask and (options.int8 or options.plain):
        raise ValueError("--optional-mask goes with neither --int8 nor --plain")
    parity = export(
        checkpoint,
        options.out,
        pictures,
        plain=options.plain,
        optional_mask=options.optional_mask,
    )
    print(
        f"against PyTorch on {parity.pictures} pictures: activations within "
        f"{parity.activation_max_abs:.1e}, {parity.mask_fraction:.4%} of mask pixels off by more "
        "than one grey level"
    )
    if options.int8:
        # Only this option needs the quantiser, which takes seconds to import.
        from model_export.quantise import quantise  # noqa: PLC0415

        paths = sorted(p for p in options.calibration_pictures.rglob("*") if p.is_file())
        print(quantise(options.out, _read(paths[:MOST_CALIBRATION_PICTURES], size)).sentence())
    content = options.out.read_bytes()
    print(f"{options.out}: {len(content) / 2**20:.2f} MiB")
    print(f"sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def _read(paths: list[Path], size: int) -> NDArray[np.uint8]:
    pictures = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise ValueError(f"cannot read the picture {path}")
        pictures.append(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(pictures), np.uint8)
