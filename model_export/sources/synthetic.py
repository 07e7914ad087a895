"""Pairs of the forge as data to judge."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex
from model_export.data.forge import Forge
from model_export.data.loading import load_pairs
from model_export.data.pairs import PairDataset
from model_export.sources.sample import Sample, Tally
from service.faces.crop import Box, CropRule
from service.faces.quality import measure

SEED = 20_011
Part = Literal["training", "calibration", "test"]
HELD_OUT = 0.05
"""Share of the identities `train` never learns from."""


def divided(index: FaceIndex) -> tuple[FaceIndex, FaceIndex]:
    """The people to learn from, and those held out from every training."""
    return index.split(HELD_OUT, seed=0)


def part_of(index: FaceIndex, part: Part) -> FaceIndex:
    """The faces of one part of the data; no identity is in two.

    Training's held-out identities are divided: calibration and thresholds are fitted on one
    half, figures taken on the other. Raises ValueError when there are too few people for that.
    """
    training, held_out = divided(index)
    if part == "training":
        return training
    if len(np.unique(held_out.identities)) < 2:
        raise ValueError(
            f"too few people: {HELD_OUT:.0%} of them are held out, some for calibration and the "
            "others for the test, which takes two"
        )
    calibration, test = held_out.split(0.5, seed=1)
    return calibration if part == "calibration" else test


class SyntheticSource:
    """`pairs` reals and as many fakes, made on the fly; the same ones every time.

    method of a sample is the family that made it. workers: processes that make pictures.
    strength: of the degradation pairs suffer, edited: share of those edited before, 0 to 1.
    people: digest of the faces, see `checkpoint.all_people`.
    """

    def __init__(
        self,
        index: FaceIndex,
        families: tuple[str, ...],
        pairs: int,
        rule: CropRule,
        *,
        workers: int = 0,
        strength: float = 1.0,
        edited: float = 0.0,
    ) -> None:
        forge = Forge(index, rule, families, strength, edited)
        self._pairs = PairDataset(forge, pairs, SEED)
        self._workers = workers
        self.people = index.digest
        self.tally = Tally(files=pairs)

    def samples(self) -> Iterator[Sample]:
        """See `Source`; each real is followed by its fake."""
        for number, pair in enumerate(load_pairs(self._pairs, self._workers)):
            yield Sample(
                pair.real,
                False,
                None,
                None,
                f"real {number}",
                warnings=_warnings(pair.real),
                sharpening=pair.sharpening,
                origin=f"pair {number}",
                person=f"person {pair.identity}",
            )
            yield Sample(
                pair.fake,
                True,
                pair.family,
                pair.mask,
                f"fake {number}",
                warnings=_warnings(pair.fake),
                sharpening=pair.sharpening,
                origin=f"pair {number}",
                person=f"person {pair.identity}",
            )


def _warnings(crop: NDArray[np.uint8]) -> tuple[str, ...]:
    """What of the quality shows in the crop itself: sharpness and brightness."""
    height, width = crop.shape[:2]
    quality = measure(crop, Box(0, 0, width, height), (), crop)
    # The forge resizes after it compresses, which hides the blocks.
    return tuple(code for code in quality.warnings if code != "compressed")
