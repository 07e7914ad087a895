"""Files below a folder, as people lay them out, and files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

_MOST_NAME_BYTES = 200
"""Of the 255 that a name may have: something comes before and after."""


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


def write_whole(path: Path, text: str) -> None:
    """Write a text at once: who is cut while writing leaves what was there.

    Raises OSError when it cannot be written.
    """
    with naming(path), aside(path) as partial:
        partial.write_text(text)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Has an error of writing name the file: that of a full disk comes without a name."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write what shall be at a path whole or not at all: it is moved there in the end.

    Raises OSError when that cannot be done; nothing is left of what is given up. Whoever is killed
    while writing leaves a hidden file that is named after the one it was to be.
    """
    # A name that is nobody's: another process may be writing the same file.
    name = os.fsdecode(os.fsencode(path.name)[:_MOST_NAME_BYTES])
    partial = path.with_name(f".{name}.{token_hex(4)}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
