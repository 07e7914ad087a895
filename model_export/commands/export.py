"""`unmask-model export`: a checkpoint as the ONNX file the service runs."""

import argparse
import hashlib
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.agreement import LEAST_IOU, LEAST_VERDICTS, Agreement
from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.commands.arguments import existing_path
from model_export.commands.targets import expect_file
from model_export.data.pictures import read_picture
from model_export.description import warn_of_calibration
from model_export.export import check_pictures, export
from service.inference.precision import companion

log = logging.getLogger(__name__)
MOST_CALIBRATION_PICTURES = 512


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("checkpoint", type=existing_path, help="checkpoint to export")
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
        help="also write OUT.int8.onnx, 8 bits, static and per channel, which the service runs on "
        "CPUs; needs --calibration-pictures",
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="also write OUT.fp16.onnx, half precision, which the service runs on GPUs with "
        "UNMASK_PRECISION=float16; it always draws the mask; needs --calibration-pictures",
    )
    parser.add_argument(
        "--calibration-pictures",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="folders of face crops that measure the agreement with the float model; of 8 bits "
        "every second one sets the ranges and only the others measure",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        nargs="*",
        default=[],
        help="pictures to compare PyTorch and ONNX Runtime on; default: smooth random ones",
    )


def run(options: argparse.Namespace) -> int:
    """Export and check; prints size, digest and the measured differences.

    Raises ValueError where OUT is the checkpoint, or is not called as an ONNX file is.
    """
    for path in _files(options):
        expect_file(path)
    checkpoint = load_checkpoint(options.checkpoint)
    _refuse_other_names(options)
    warn_of_calibration(checkpoint.facts, options.checkpoint)
    size = checkpoint.config.size
    rounded = options.int8 or options.half
    crops = _calibration_pictures(options, size) if rounded else None
    pictures = _read(options.pictures, size) if options.pictures else check_pictures(size)
    if options.plain and (rounded or options.optional_mask):
        raise ValueError("--plain goes with none of --int8, --half and --optional-mask")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # All or none: a companion that fails must not leave a new file beside those of the old one.
    with TemporaryDirectory(dir=options.out.parent) as folder:
        made = Path(folder) / options.out.name
        parity = export(
            checkpoint, made, pictures, plain=options.plain, optional_mask=options.optional_mask
        )
        print(
            f"against PyTorch on {parity.pictures} pictures: activations within "
            f"{parity.activation_max_abs:.1e}, {parity.mask_fraction:.4%} of mask pixels off by "
            "more than one grey level"
        )
        if crops is not None:
            _round(checkpoint, made, options, crops)
        for path in _files(options):
            made.with_name(path.name).replace(path)
    for path in _files(options):
        content = path.read_bytes()
        print(f"{path}: {len(content) / 2**20:.2f} MiB")
        print(f"sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def _refuse_other_names(options: argparse.Namespace) -> None:
    if any(path.exists() and path.samefile(options.checkpoint) for path in _files(options)):
        raise ValueError(f"{options.checkpoint} is the checkpoint: it would be overwritten")
    if options.out.suffix != ".onnx":
        raise ValueError(f"{options.out} is to be an ONNX file: give it a name that ends in .onnx")


def _files(options: argparse.Namespace) -> list[Path]:
    """What will be written: the file, and the companions that are asked for."""
    small = [companion(options.out, "int8")] if options.int8 else []
    half = [companion(options.out, "float16")] if options.half else []
    return [options.out, *small, *half]


def _calibration_pictures(options: argparse.Namespace, size: int) -> NDArray[np.uint8]:
    """At most MOST_CALIBRATION_PICTURES of the folders' pictures, mixed, uint8 (N, S, S, 3)."""
    folders: list[Path] = options.calibration_pictures or []
    if not folders:
        raise ValueError("--int8 and --half need --calibration-pictures")
    paths: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{folder} is not a folder")
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        if not found:
            raise ValueError(f"there is no picture in {folder}")
        paths += found
    if options.int8 and len(paths) < 2:
        raise ValueError("--int8 needs two calibration pictures at least")
    # Mixed: neither the ranges nor the measurement may see one class alone.
    order = np.random.default_rng(0).permutation(len(paths))[:MOST_CALIBRATION_PICTURES]
    return _read([paths[place] for place in order], size)


def _round(
    checkpoint: Checkpoint, path: Path, options: argparse.Namespace, crops: NDArray[np.uint8]
) -> None:
    """Write the companions of an exported file that are asked for, from one without a switch."""
    # Only these options need the converters, which take seconds to import.
    from model_export.halve import halve  # noqa: PLC0415
    from model_export.quantise import quantise  # noqa: PLC0415

    source = path.read_bytes()
    with TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.onnx"
        export(checkpoint, bare, check_pictures(checkpoint.config.size))
        if options.int8:
            small, switch = companion(path, "int8"), options.optional_mask
            _tell(quantise(bare, small, crops, optional_mask=switch, source=source), "8 bits")
        if options.half:
            half = companion(path, "float16")
            _tell(halve(bare, half, crops, source=source), "half precision")


def _tell(agreement: Agreement, rounding: str) -> None:
    print(agreement.sentence(rounding))
    if agreement.mask_iou is None:
        log.warning("no calibration picture has a mask: what becomes of masks is not known")
    if not agreement.good:
        raise ValueError(
            f"in {rounding} it is no longer the same model: less than {LEAST_VERDICTS:.0%} of "
            f"verdicts agree, or masks overlap by less than {LEAST_IOU}. Give more "
            "--calibration-pictures, among them fakes that it draws masks on, or go without"
        )


def _read(paths: list[Path], size: int) -> NDArray[np.uint8]:
    pictures = []
    for path in paths:
        whole = read_picture(path)
        pictures.append(cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(pictures), np.uint8)
