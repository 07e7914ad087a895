"""Where a run ends in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model_export.checkpoint import Checkpoint


@contextmanager
def before(name: str) -> Iterator[None]:
    """Whoever is about to write a checkpoint of this name is cut right there."""
    save = Checkpoint.save

    def cut(checkpoint: Checkpoint, path: Path) -> None:
        if path.name == name:
            raise OSError(f"cannot write {path}: cut")
        save(checkpoint, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", cut)
        yield
