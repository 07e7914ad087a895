"""`unmask-model prepare-faces`: find faces and landmarks in a folder of pictures, once."""

import argparse

import numpy as np

from model_export.commands.arguments import existing_folder
from model_export.data.landmarks import index_pictures, picture_paths


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", type=existing_folder, help="folder with pictures of real faces")


def run(options: argparse.Namespace) -> int:
    """Write FOLDER/landmarks.npz, which `train` and `forge` read."""
    total = len(picture_paths([options.folder]))
    index = index_pictures([options.folder])
    # Names must be relative to the folder given, not to the pictures' deepest common folder.
    inside = index.root.relative_to(options.folder.resolve())
    names = [(inside / name).as_posix() for name in index.names]
    out = options.folder / "landmarks.npz"
    np.savez_compressed(
        out, names=np.array(names), landmarks68=index.landmarks, box_xywh=index.boxes
    )
    print(f"{out}: {len(index)} faces in {total} pictures")
    return 0
