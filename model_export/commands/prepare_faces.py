"""`unmask-model prepare-faces`: find faces and landmarks in a folder of pictures, once."""

import argparse
from typing import Any

import numpy as np

from model_export.commands.arguments import existing_folder
from model_export.commands.targets import expect_file
from model_export.data.faces import LANDMARKS
from model_export.data.files import aside, naming
from model_export.data.landmarks import index_pictures, picture_paths


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", type=existing_folder, help="folder with pictures of real faces")
    parser.add_argument(
        "--person-folders",
        action="store_true",
        help="all pictures of one folder show one person, who is then never in two parts of the "
        "data; without it, pictures named NNN_xx show the person NNN, any other its own",
    )


def run(options: argparse.Namespace) -> int:
    """Write FOLDER/landmarks.npz, which `train` and `forge` read."""
    out = options.folder / LANDMARKS
    expect_file(out)
    total = len(picture_paths([options.folder]))
    index = index_pictures([options.folder])
    # Names must be relative to the folder given, not to the pictures' deepest common folder.
    inside = index.root.relative_to(options.folder.absolute())
    names = [inside / name for name in index.names]
    table: dict[str, Any] = {
        "names": np.array([name.as_posix() for name in names]),
        "landmarks68": index.landmarks,
        "box_xywh": index.boxes,
    }
    if options.person_folders:
        table["people"] = np.array([name.parent.as_posix() for name in names])
    with naming(out), aside(out) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **table)
    print(f"{out}: {len(index)} faces in {total} pictures")
    return 0
