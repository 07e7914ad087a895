"""Files below a folder, as people lay them out."""

import os
from pathlib import Path


def visible_files(top: Path) -> list[Path]:
    """Paths below `top` of all files not hidden, by name.

    Linked folders are followed, but for links that lead back to a folder they lie in.
    """
    found = []
    # Path.walk is younger than Python 3.11, and rglob does not follow links.
    for folder, inner_folders, names in os.walk(top, followlinks=True):
        here = Path(folder)
        way = {here.resolve(), *here.resolve().parents}
        inner_folders[:] = [
            name
            for name in inner_folders
            if not name.startswith(".") and (here / name).resolve() not in way
        ]
        inner = here.relative_to(top)
        found += [inner / name for name in names if not name.startswith(".")]
    return sorted(found)
