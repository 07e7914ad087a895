"""Who a face is swapped with."""

import numpy as np
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex
from model_export.data.rng import Rng, chance
from model_export.data.warp import move_points, similarity

CANDIDATES, SHORTLIST = 64, 3
"""Donors drawn for each swap, and how many of them, best pose first, are left to choose from."""
UNFIT = 0.2
"""Share of the swaps whose donor is chosen without a look at the pose: people swap faces that do
not fit, and the bent result gives them away."""
AS_SHARP = 0.6
"""Share of the swaps whose donors are drawn like targets, pictures of the whole head often: were
all donors tight soft pictures, being softer than its surroundings would be what a fake is."""


class Donors:
    """Draws other people's pictures from an index.

    weights: cumulative probability of drawing each picture as a target, float64 (N,).
    """

    def __init__(self, index: FaceIndex, weights: NDArray[np.float64]) -> None:
        self._people = index.identities
        self._weights = weights
        self._shapes = _normalised_shapes(index.landmarks)

    def shortlist(self, position: int, rng: Rng) -> list[int]:
        """Places of up to SHORTLIST pictures of other people, the best pose first.

        Raises ValueError where the index shows nobody else.
        """
        candidates = self._candidates(position, rng)
        distance = ((self._shapes[candidates] - self._shapes[position]) ** 2).sum((1, 2))
        same = self._people[candidates] == self._people[position]
        if chance(rng, UNFIT):
            distance = rng.random(len(candidates))
        others = min(SHORTLIST, int(np.count_nonzero(~same)))
        order = np.argsort(np.where(same, np.inf, distance))[:others]
        return [int(candidates[i]) for i in order]

    def _candidates(self, position: int, rng: Rng) -> NDArray[np.intp]:
        """Places of pictures to choose from, at least one of them another person's."""
        count = len(self._people)
        if chance(rng, AS_SHARP):
            drawn = np.searchsorted(self._weights, rng.random(CANDIDATES), side="right")
            candidates = np.unique(np.minimum(drawn, count - 1))
        else:
            candidates = rng.integers(0, count, CANDIDATES)
        if (self._people[candidates] != self._people[position]).any():
            return candidates
        # There are few people, or one of them is drawn far oftener than the others.
        others = np.flatnonzero(self._people != self._people[position])
        if not len(others):
            raise ValueError(
                f"a swap needs pictures of at least two people, and all {count} here show one"
            )
        return others


def _normalised_shapes(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Inner landmarks of every face after a similarity onto their mean, (N, 51, 2)."""
    inner = landmarks[:, 17:]
    centred = inner - inner.mean(1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).sum((1, 2), keepdims=True))
    mean = scaled.mean(0)
    return np.stack([move_points(shape, similarity(shape, mean)) for shape in scaled])
