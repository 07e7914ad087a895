"""Options that several commands share: where real faces come from."""

import argparse
from pathlib import Path

from model_export.commands.arguments import existing_folder, fraction, whole
from model_export.data.faces import LANDMARKS, FaceIndex, load_index
from model_export.data.families import FAMILIES
from model_export.sources.synthetic import divided


def add_faces(parser: argparse.ArgumentParser) -> None:
    """FACES and --landmarks."""
    parser.add_argument("faces", type=existing_folder, help="folder with pictures of real faces")
    parser.add_argument(
        "--landmarks",
        type=Path,
        help=f"npz with names, landmarks68 and box_xywh; default: FACES/{LANDMARKS}",
    )


def add_left_out(parser: argparse.ArgumentParser) -> None:
    """--leave-out FAMILY, repeatable."""
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        choices=[*FAMILIES],
        help="a family of manipulations not to use; repeatable",
    )


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """--strength, --edited and --seed, which together with the faces decide every pair."""
    parser.add_argument(
        "--strength",
        type=fraction,
        default=1.0,
        help="strength of compression, blur and noise, 0 to 1",
    )
    parser.add_argument(
        "--edited",
        type=fraction,
        default=0.0,
        help="share of the pairs both of whose pictures are retouched or blurred behind, 0 to 1",
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="seed of all that is random")


def read_faces(options: argparse.Namespace) -> FaceIndex:
    """The index the options describe. Raises ValueError when there is none."""
    return read_index(options.faces, options.landmarks)


def read_index(faces: Path, landmarks: Path | None) -> FaceIndex:
    """The faces of a folder, by default with the landmarks in it. Raises ValueError without."""
    path = landmarks or faces / LANDMARKS
    if not path.is_file():
        raise ValueError(f"there is no {path}; make it with `unmask-model prepare-faces`")
    return load_index(faces, path)


def read_divided(options: argparse.Namespace) -> tuple[FaceIndex, FaceIndex]:
    """The people to learn from, and those held out. Raises ValueError for one person only."""
    training, held_out = divided(read_faces(options))
    if not len(training):
        raise ValueError(
            f"{options.faces} shows one person only: it takes two, one of whom is held out"
        )
    return training, held_out


def remaining_families(options: argparse.Namespace) -> tuple[str, ...]:
    """Names of all families but the left-out ones. Raises ValueError when none is left."""
    remaining = tuple(name for name in FAMILIES if name not in options.leave_out)
    if not remaining:
        raise ValueError("every family is left out")
    return remaining
