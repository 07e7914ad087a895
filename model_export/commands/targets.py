"""Where a command writes: that it can is found out before the work, not after it."""

import os
from pathlib import Path
from tempfile import TemporaryFile


def expect_file(path: Path) -> None:
    """Raise OSError where no file can be written at a path; what is there stays as it is."""
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"cannot write {path}: it is write-protected")
    _expect_room(path, path.parent)


def expect_checkpoint(path: Path) -> None:
    """`expect_file`, and raise ValueError for the name of an exported file: it may be in use."""
    if path.suffix.lower() == ".onnx":
        raise ValueError(f"{path} is to be a checkpoint: give it a name that ends in .pt")
    expect_file(path)


def expect_folder(path: Path, *names: str) -> None:
    """Raise OSError where no folder can be made at a path, or the named files not written in it."""
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"cannot write into {path}: it is no folder")
    _expect_room(path, path)
    for name in names:
        expect_file(path / name)


def _expect_room(path: Path, folder: Path) -> None:
    """Raise OSError where nothing can be written into a folder, or one that is missing be made."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    if not existing.is_dir():
        raise NotADirectoryError(f"cannot write {path}: {existing} is no folder")
    try:
        # Permissions alone do not tell: a disk may be mounted to be read only.
        with TemporaryFile(dir=existing):
            return
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror} in {existing}") from error
