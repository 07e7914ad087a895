"""Files of a labelled folder, each with what its place says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model_export.data.files import visible_files
from model_export.sources.masks import find_mask

UNNAMED = "fake"
"""Method of fakes that lie in `fake/` itself rather than in a sub-folder named after it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to judge.

    mask: its mask's file, or None; group: its path below the root; origin: that without suffix,
    class and method, which a fake shares with the real it was made from if they are called alike.
    """

    path: Path
    fake: bool
    method: str | None
    mask: Path | None
    group: str
    origin: str


def list_entries(root: Path) -> list[Entry]:
    """Every visible file under `real/` and `fake/`, reals first, by name."""
    entries = []
    for name in ("real", "fake"):
        top = root / name
        for inner in visible_files(top):
            fake = name == "fake"
            method = (inner.parts[0] if len(inner.parts) > 1 else UNNAMED) if fake else None
            mask = find_mask(root / "masks", inner) if fake else None
            group, plain = f"{name}/{inner.as_posix()}", inner.with_suffix("")
            named = fake and len(inner.parts) > 1
            origin = (plain.relative_to(inner.parts[0]) if named else plain).as_posix()
            entries.append(Entry(top / inner, fake, method, mask, group, origin))
    return entries


def unused_masks(masks: Path, entries: Sequence[Entry]) -> list[str]:
    """Paths below `masks` of the visible files that are no fake's mask, nor a frame of one."""
    used = {entry.mask for entry in entries}
    return [
        inner.as_posix()
        for inner in visible_files(masks)
        if not used.intersection(((masks / inner), *(masks / inner).parents))
    ]
