"""Pairs from the forge as batches of crops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from model_export.data.families import ALL
from model_export.data.forge import Pair
from model_export.data.rng import Rng
from model_export.losses import NO_METHOD, Truth
from model_export.networks.contract import FAKE, REAL
from model_export.sources.sample import known_method
from service.faces.sharpening import sharpened


class PairMaker(Protocol):
    """Makes pairs as long as it is asked to: the forge, or a reader of prepared or stored ones."""

    def draw(self, rng: Rng) -> Pair:
        """One pair, the same for the same state of the generator."""
        ...


class PairDataset(Dataset[Pair]):
    """A finite dataset of drawn pairs: item k depends on the seed, on k and on what its maker has.

    A forge always has the same; a folder of stored pairs may still grow.
    """

    def __init__(self, maker: PairMaker, length: int, seed: int, first: int = 0) -> None:
        self._maker = maker
        self._length = length
        self._seed = seed
        self._first = first

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, item: int) -> Pair:
        if not 0 <= item < self._length:
            raise IndexError(item)
        # OpenCV's own threads would fight with the training for the same cores.
        cv2.setNumThreads(1)
        return self._maker.draw(np.random.default_rng((self._seed, self._first + item)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Reals first, then their fakes: uint8 NHWC pictures, uint8 NHW masks, int64 methods."""

    pictures: Tensor
    masks: Tensor
    methods: Tensor
    families: tuple[str, ...]

    def truth(self, device: torch.device) -> Truth:
        """The batch as the losses want it, on a device, channels last."""
        half = len(self.pictures) // 2
        pictures = self.pictures.to(device).permute(0, 3, 1, 2).float() / 255
        winner = torch.cat((torch.full((half,), REAL), torch.full((half,), FAKE))).to(device)
        masks = self.masks.to(device)[:, None].float() / 255
        return Truth(winner, masks, self.methods.to(device), pictures)


def collate(pairs: Sequence[Pair]) -> Batch:
    """Stack pairs into one batch of twice as many crops."""
    reals = [sharpened(p.real, p.sharpening) for p in pairs]
    pictures = np.stack(reals + [sharpened(p.fake, p.sharpening) for p in pairs])
    masks = np.stack([p.mask for p in pairs])
    methods = [method_index(p.family) for p in pairs]
    return Batch(
        torch.from_numpy(pictures),
        torch.from_numpy(np.concatenate((np.zeros_like(masks), masks))),
        torch.tensor([NO_METHOD] * len(pairs) + methods),
        tuple(p.family for p in pairs),
    )


def method_index(family: str) -> int:
    """Index into METHODS of a family's or a data set's method, or NO_METHOD."""
    method = ALL[family].method if family in ALL else family
    known = known_method(method)
    return NO_METHOD if known is None else known
