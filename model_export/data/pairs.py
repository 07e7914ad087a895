"""Pairs from the forge as batches of crops."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from model_export.data.faces import FaceIndex
from model_export.data.families import FAMILIES
from model_export.data.forge import Forge, Pair
from model_export.losses import NO_METHOD, Truth
from model_export.networks.contract import FAKE, METHODS, REAL

WHOLE_WEIGHT = 30.0
"""How much oftener a picture that holds the whole face and its surroundings is drawn than one cut
tight: the service sees faces with their surroundings, and only there does a face show that is
softer than what is around it."""


class PairDataset(Dataset[Pair]):
    """The forge as a finite, reproducible dataset: item k depends on the seed and k alone."""

    def __init__(self, forge: Forge, length: int, seed: int, first: int = 0) -> None:
        self._forge = forge
        self._length = length
        self._seed = seed
        self._first = first
        self._weights = drawing_weights(forge.index)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, item: int) -> Pair:
        if not 0 <= item < self._length:
            raise IndexError(item)
        # OpenCV's own threads would fight with the training for the same cores.
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self._seed, self._first + item))
        position = int(np.searchsorted(self._weights, rng.random(), side="right"))
        return self._forge.pair(min(position, len(self._forge.index) - 1), rng)


def drawing_weights(index: FaceIndex) -> NDArray[np.float64]:
    """Cumulative probability of drawing each picture, float64 (N,)."""
    whole = (index.boxes[:, 0] > 0) & (index.boxes[:, 1] > 0)
    weights = np.where(whole, WHOLE_WEIGHT, 1.0)
    return np.asarray(np.cumsum(weights) / weights.sum())


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
    pictures = np.stack([p.real for p in pairs] + [p.fake for p in pairs])
    masks = np.stack([p.mask for p in pairs])
    methods = [method_index(p.family) for p in pairs]
    return Batch(
        torch.from_numpy(pictures),
        torch.from_numpy(np.concatenate((np.zeros_like(masks), masks))),
        torch.tensor([NO_METHOD] * len(pairs) + methods),
        tuple(p.family for p in pairs),
    )


def method_index(family: str) -> int:
    """Index into METHODS of a family's method, or NO_METHOD."""
    method = FAMILIES[family].method
    return METHODS.index(method) if method else NO_METHOD
