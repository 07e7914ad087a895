"""`unmask-model export`: a checkpoint as the ONNX file the service runs."""

import argparse
import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.checkpoint import load_checkpoint
from model_export.export import check_pictures, export


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="ONNX file to write")
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
    pictures = _read(options.pictures, size) if options.pictures else check_pictures(size)
    parity = export(checkpoint, options.out, pictures)
    content = options.out.read_bytes()
    print(f"{options.out}: {len(content) / 2**20:.2f} MiB")
    print(f"sha256 {hashlib.sha256(content).hexdigest()}")
    print(
        f"against PyTorch on {parity.pictures} pictures: activations within "
        f"{parity.activation_max_abs:.1e}, {parity.mask_fraction:.4%} of mask pixels off by more "
        "than one grey level"
    )
    return 0


def _read(paths: list[Path], size: int) -> NDArray[np.uint8]:
    pictures = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise ValueError(f"cannot read the picture {path}")
        pictures.append(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(pictures), np.uint8)
