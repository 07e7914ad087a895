"""Crops that `unmask-model prepare` cut out of FaceForensics++."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.faceforensics import read_manifest
from model_export.sources.masks import read_mask
from model_export.sources.sample import Sample, Tally
from service.faces.sharpening import amount_at


class PreparedSource:
    """One split of a prepared folder, by its manifest.

    methods: only these manipulations with the reals cut beside them; empty for all. sharpening:
    the crop rule's.
    Raises ValueError when there is no manifest or nothing of the split in it.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        methods: tuple[str, ...] = (),
        size: int = 256,
        sharpening: float = 0.0,
    ) -> None:
        self._rows = [
            row
            for row in read_manifest(root)
            if row["split"] == split and (not methods or row["method"] in methods)
        ]
        if not self._rows:
            raise ValueError(f"{root} has nothing of the split {split!r}")
        self._root, self._size, self._sharpening = root, size, sharpening
        self.tally = Tally()

    def samples(self) -> Iterator[Sample]:
        """See `Source`; groups are clips."""
        self.tally = Tally(files=len(self._rows))
        for row in self._rows:
            crop = cv2.imread(str(self._root / row["file"]), cv2.IMREAD_COLOR_RGB)
            if crop is None:
                self.tally.unreadable[row["file"]] = "cannot be read"
                continue
            fake = row["label"] == "fake"
            mask = read_mask(self._root / row["mask"]) if row["mask"] else None
            yield Sample(
                self._sized(np.asarray(crop, np.uint8)),
                fake,
                row["method"] if fake else None,
                None if mask is None else self._sized(mask),
                row["clip"],
                sharpening=amount_at(self._sharpening, row["enlargement"]),
            )

    def _sized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if picture.shape[0] == self._size:
            return picture
        size = (self._size, self._size)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
