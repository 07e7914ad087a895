"""Which way of running a batch is the quickest here: measured, not assumed."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from service.inference.runs import Crop, Run

logger = logging.getLogger(__name__)

_WARMING, _TIMED = 3, 10
_ACTIVATIONS, _GREY_LEVELS = 1e-3, 2
_GAIN = 0.95


def quickest(plain: Run, others: Sequence[Callable[[], Run]], count: int, size: int) -> Run:
    """The quickest of the runs that answer as the plain one does.

    others: make the other runs. One that cannot be made, that fails, or whose activations
        differ by over 1e-3 or masks by over 2 grey levels, is left out, and the log says so.
        One that is not at least 5 % quicker is not worth being another.
    count, size: of the crops in a batch.

    Raises whatever the plain run raises, also after another has failed.
    """
    # Two batches: a run that kept its first input, or its last output, answers one of them wrongly.
    batches = [pictures(count, size, seed) for seed in (0, 1)]
    for crops in batches:
        plain(crops)
    alike: list[Run] = []
    for make in others:
        name = "in another way"
        try:
            run = make()
            name = run.name
            for _ in range(_WARMING):
                run(batches[0])
            right = all(_alike(run(crops), plain(crops)) for crops in reversed(batches))
        except Exception as error:  # noqa: BLE001 - the plain run serves whatever this one lacks
            reason = f"{type(error).__name__}: {error}"
            logger.warning("batches of %d cannot be run %s: %s", count, name, reason)
            plain(batches[0])
            continue
        if right:
            alike.append(run)
        else:
            logger.warning("batches of %d are not run %s: it gives other answers", count, name)
    return _least([plain, *alike], batches[0])


def pictures(count: int, size: int, seed: int) -> list[Crop]:
    """Smooth random pictures, uint8 (size, size, 3), for which a network draws different masks."""
    random = np.random.default_rng(seed)
    found = []
    for coarse in random.integers(0, 256, (count, 12, 12, 3), np.uint8):
        smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        grain = random.normal(0, 12, smooth.shape)
        found.append(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    return found


def _alike(one: Sequence[NDArray[Any]], other: Sequence[NDArray[Any]]) -> bool:
    return all(
        a.shape == b.shape
        and np.allclose(
            a.astype(float), b, rtol=0, atol=_GREY_LEVELS if a.dtype == np.uint8 else _ACTIVATIONS
        )
        for a, b in zip(one, other, strict=True)
    )


def _least(runs: Sequence[Run], crops: Sequence[Crop]) -> Run:
    """The run with the least median time, the first one by default; timed in turn."""
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(_TIMED if len(runs) > 1 else 0):
        for run, seconds in zip(runs, taken, strict=True):
            begun = time.perf_counter()
            run(crops)
            seconds.append(time.perf_counter() - begun)
    best = 0
    for place in range(1, len(runs)):
        gain = _GAIN if best == 0 else 1.0
        if np.median(taken[place]) < gain * np.median(taken[best]):
            best = place
    return runs[best]
