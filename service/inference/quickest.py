"""Which way of running a batch is the quickest here: measured, not assumed."""

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np

from service.inference.runs import Crop, Run

logger = logging.getLogger(__name__)

_WARMING, _TIMED = 3, 10
_ACTIVATIONS, _GREY_LEVELS = 1e-3, 2


def quickest(plain: Run, others: Sequence[Callable[[], Run]], crops: Sequence[Crop]) -> Run:
    """The quickest of the runs that answer as the plain one does.

    others: make the other runs. One that cannot be made, that fails, or whose activations
        differ by over 1e-3 or masks by over 2 grey levels, is left out, and the log says so.
    crops: the batch that they are tried on; noise, so that wrong answers differ.

    Raises whatever the plain run raises.
    """
    expected = plain(crops)
    best, least = plain, _seconds(plain, crops)
    for make in others:
        try:
            run = make()
            for _ in range(_WARMING):
                run(crops)
            # A buffer that was not filled would still hold the last answer.
            run(crops[::-1])
            problem = None if _alike(run(crops), expected) else "it gives other answers"
            taken = _seconds(run, crops)
        except Exception as error:  # noqa: BLE001 - the plain run serves whatever this one lacks
            logger.warning("batches of %d run without a faster way: %s", len(crops), error)
            continue
        if problem is not None:
            logger.warning("batches of %d are not run %s: %s", len(crops), run.name, problem)
        elif taken < least:
            best, least = run, taken
    return best


def _alike(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return all(
        a.shape == b.shape
        and np.allclose(
            a.astype(float), b, rtol=0, atol=_GREY_LEVELS if a.dtype == np.uint8 else _ACTIVATIONS
        )
        for a, b in zip(one, other, strict=True)
    )


def _seconds(run: Run, crops: Sequence[Crop]) -> float:
    """The median time of a run."""
    taken = []
    for _ in range(_TIMED):
        begun = time.perf_counter()
        run(crops)
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))
