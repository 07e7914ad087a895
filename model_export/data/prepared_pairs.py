"""Pairs for training out of prepared FaceForensics++ crops, alone or beside the forge's."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model_export.data.degrade import degrade, draw_degradation
from model_export.data.faceforensics import read_manifest
from model_export.data.forge import Forge, Pair
from model_export.data.jitter import draw_jitter, moved, to_side
from model_export.data.pictures import read_picture
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import Picture
from service.faces.sharpening import amount_at


class PreparedPairs:
    """Fakes of one split with the real crops cut beside them; each method as often as another.

    methods: only these; empty for all. size: side of the crops given, in pixels. strength: of
    the further degradation both pictures of a pair suffer, 0 to 1. sharpening: the crop rule's.
    Raises ValueError when there is no manifest or nothing of the split in it.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        methods: tuple[str, ...] = (),
        size: int = 256,
        *,
        strength: float = 0.5,
        sharpening: float = 0.0,
    ) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in read_manifest(root):
            wanted = row["split"] == split and row["label"] == "fake"
            if wanted and (not methods or row["method"] in methods):
                self._rows[row["method"]].append(row)
        if not self._rows:
            raise ValueError(f"{root} has no fakes of the split {split!r}")
        self._methods = sorted(self._rows)
        self._root, self._size, self._strength = root, size, strength
        self._sharpening = sharpening

    def draw(self, rng: Rng) -> Pair:
        """One pair. Raises ValueError when a crop of the manifest cannot be read."""
        method = self._methods[rng.integers(len(self._methods))]
        rows = self._rows[method]
        row = rows[rng.integers(len(rows))]
        paths = [real_beside(row["file"]), row["file"], row["mask"]]
        pictures = [read_picture(self._root / name) for name in paths]
        stored = pictures[0].shape[0]
        matrix = draw_jitter(rng, self._size)
        real, made, mask = (moved(resized(p, self._size), matrix) for p in pictures)
        steps = draw_degradation(rng, min(1.0, self._strength * between(rng, 0, 2)))
        return Pair(
            real=to_side(degrade(real, steps), self._size),
            fake=to_side(degrade(made, steps), self._size),
            mask=np.ascontiguousarray(mask[..., 0]),
            family=method,
            identity=0,
            sharpening=sharpening_of(row, stored, self._size, self._sharpening),
        )


def resized(picture: Picture, size: int) -> Picture:
    """A crop or mask, uint8 (S, S) or (S, S, 3), at `size` x `size`."""
    if picture.shape[0] == size:
        return picture
    # As `cut_square` enlarges: linear interpolation would blur fine traces away.
    kind = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=kind), np.uint8)


def sharpening_of(row: dict[str, Any], stored: int, size: int, strength: float) -> float:
    """By how much a prepared crop is still to be sharpened; see `amount_at`.

    row: of the manifest, which tells how much the crop was enlarged to its side of `stored`
    pixels. size: the side in pixels at which the network sees it. strength: the crop rule's
    sharpening.
    """
    return amount_at(strength, row["enlargement"] * size / stored)


def real_beside(fake: str) -> str:
    """The real crop of the same clip, frame and rectangle as SPLIT/fake/METHOD/A_B/FRAME.png."""
    split, _, method, clip, frame = Path(fake).parts
    return str(Path(split, "real", method, clip.partition("_")[0], frame))


class MixedPairs:
    """The forge's pairs and prepared ones in turn, at random."""

    def __init__(self, forge: Forge, prepared: PreparedPairs, share: float) -> None:
        """share: probability of a prepared pair."""
        self._forge, self._prepared, self._share = forge, prepared, share

    def draw(self, rng: Rng) -> Pair:
        """One pair."""
        return (self._prepared if chance(rng, self._share) else self._forge).draw(rng)
