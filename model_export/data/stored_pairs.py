"""Pairs made once and kept as files: what several trainings learn from, as often as they like."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model_export.data.files import aside, write_whole
from model_export.data.forge import Forge, Pair
from model_export.data.rng import Rng, chance

SETTINGS = "settings.json"
PART = 64
"""Pairs in a file: few enough that a cut run loses little."""
LOOK_AGAIN = 256
"""Draws between two looks at the folder: whoever is still storing adds files to it."""
_SETTINGS = ("size", "scale", "sharpening", "strength", "edited", "families", "people")


def store_part(path: Path, pairs: Sequence[Pair]) -> None:
    """Write PART pairs to a file; whoever reads the folder meanwhile never sees half of it."""
    rows = [(p.real, p.fake, p.mask, p.family, p.identity, p.sharpening) for p in pairs]
    with aside(path) as unfinished:
        np.array(rows, _record(pairs[0].mask.shape[0])).tofile(unfinished)


def open_folder(folder: Path, forge: Forge, seed: int) -> None:
    """Make a folder for a forge's pairs, or go on with one. Raises ValueError where it has others.

    seed: of what is stored.
    """
    settings = _settings(forge) | {"seed": seed}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS
    if path.is_file() or any(folder.glob("*.pairs")):
        if stored_settings(folder) != settings:
            raise ValueError(f"{folder} holds other pairs: give an empty folder")
        return
    write_whole(path, json.dumps(settings, indent=1))


def is_whole(path: Path, size: int) -> bool:
    """Whether a file holds a whole part of pairs of size x size pixels."""
    return path.is_file() and path.stat().st_size == PART * _record(size).itemsize


def stored_settings(folder: Path) -> dict[str, Any]:
    """What `open_folder` wrote of its pairs. Raises ValueError where the folder holds none."""
    try:
        settings = json.loads((folder / SETTINGS).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no stored pairs") from error
    if isinstance(settings, dict):
        # Pairs stored before any could be edited do not say so.
        settings.setdefault("edited", 0.0)
    if not isinstance(settings, dict) or settings.keys() != {*_SETTINGS, "seed"}:
        raise ValueError(f"{folder} holds no stored pairs")
    return settings


def _settings(forge: Forge) -> dict[str, Any]:
    values = (
        forge.rule.size,
        forge.rule.scale,
        forge.rule.sharpening,
        forge.strength,
        forge.edited,
        [*forge.families],
        forge.index.digest,
    )
    return dict(zip(_SETTINGS, values, strict=True))


def stored_for(forge: Forge, folder: Path) -> "StoredPairs":
    """A folder's pairs in place of those that a forge would make.

    Its families may be fewer than the folder's, and its crops need not be sharpened. Raises
    ValueError where what is stored differs in anything else.
    """
    stored, wanted = stored_settings(folder), _settings(forge)
    missing = {*forge.families} - {*stored["families"]}
    wanted["families"] = stored["families"]
    wanted["sharpening"] = wanted["sharpening"] or stored["sharpening"]
    for name, value in wanted.items():
        if stored[name] != value:
            raise ValueError(f"{folder} holds pairs of {name} {stored[name]}, not {value}")
    if missing:
        raise ValueError(f"{folder} holds no pairs of the family {min(missing)}")
    return StoredPairs(folder, forge.families, sharpened=forge.rule.sharpening > 0)


class StoredPairs:
    """The pairs of a folder at random, every other time as in a mirror.

    families: only these. sharpened: whether pairs are to be sharpened as they were made to be.
    Pairs that are stored meanwhile are drawn, too. Raises ValueError where there are none, or a
    file is damaged.
    """

    def __init__(
        self, folder: Path, families: Sequence[str] | None = None, *, sharpened: bool = True
    ) -> None:
        self._folder, self._families, self._sharpened = folder, families, sharpened
        self._size: int = stored_settings(folder)["size"]
        self._record = _record(self._size)
        self._known: set[Path] = set()
        self._places: list[tuple[Path, int]] = []
        self._draws = 0
        self._look()
        if not self._places:
            raise ValueError(f"{folder} holds no pairs to learn from yet")

    def draw(self, rng: Rng) -> Pair:
        """One pair, the same for the same state of the generator and the same folder."""
        self._draws += 1
        if self._draws % LOOK_AGAIN == 0:
            self._look()
        path, row = self._places[rng.integers(len(self._places))]
        # Not mapped: every map holds a descriptor, and there are files by the thousand.
        offset = row * self._record.itemsize
        found = np.fromfile(path, self._record, count=1, offset=offset)[0]
        side = slice(None, None, -1) if chance(rng, 0.5) else slice(None)
        real, fake, mask = (
            np.ascontiguousarray(found[name][:, side]) for name in ("real", "fake", "mask")
        )
        sharpening = float(found["sharpening"]) if self._sharpened else 0.0
        return Pair(real, fake, mask, str(found["family"]), int(found["identity"]), sharpening)

    def _look(self) -> None:
        for path in sorted({*self._folder.glob("*.pairs")} - self._known):
            self._known.add(path)
            if not is_whole(path, self._size):
                raise ValueError(f"{path} is damaged: `store-pairs` makes it again")
            for row, family in enumerate(np.memmap(path, self._record, "r")["family"]):
                if self._families is None or family in self._families:
                    self._places.append((path, row))


def _record(size: int) -> np.dtype[Any]:
    """How a pair of crops of size x size pixels lies in a file, see `Pair`."""
    picture = (size, size, 3)
    return np.dtype(
        [
            ("real", "u1", picture),
            ("fake", "u1", picture),
            ("mask", "u1", picture[:2]),
            ("family", "U16"),
            ("identity", "i8"),
            ("sharpening", "f4"),
        ]
    )
