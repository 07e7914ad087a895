"""How much to blur each picture until neither class is the sharper one.

Where all reals come from a better camera than the fakes, sharpness alone tells them apart, and what
a detector reaches there may be no more than that. What it still reaches when of every two pictures
of one rank the sharper is blurred to the sharpness of the other is its own.
"""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model_export.metrics.surface import surface_of
from model_export.processes import results_of
from model_export.sources.alteration import Alteration
from model_export.sources.entries import Entry
from model_export.sources.folders import open_entry
from service.errors import UnmaskError
from service.faces.crop import CropRule
from service.faces.plan import ExtractionPlan
from service.media.sniff import sniff

_PLAN = ExtractionPlan(frames=1, crop=CropRule())
"""The same for every model, so that models judge the same pictures; nothing is sharpened."""
_FIRST, _MOST = 0.25, 64.0
"""Pixels. Standard deviations of the blurs that are tried first, and at most."""
_HALVINGS = 6


def equal_blurs(entries: list[Entry], workers: int = 0) -> dict[str, float]:
    """Standard deviation in pixels of a Gaussian for each picture to be softened, by its group.

    Sharpness is that of `surface_of`, in the face that is judged. A picture that is sharper than a
    share of its class is blurred to the sharpness that the same share of the other class stays
    below, if that is less. Clips and pictures without a face are left as they are, and so is
    everything where a class has nothing else. workers: further processes that measure.
    """
    count = len(entries)
    measuring = tqdm(results_of(_sharpness, entries, workers), "sharpness", count, mininterval=2)
    measured = np.array([np.nan if found is None else found for found in measuring])
    wanted = _wanted(measured, np.array([entry.fake for entry in entries]))
    jobs = zip(entries, measured.tolist(), wanted.tolist(), strict=True)
    softening = tqdm(results_of(_blur, jobs, workers), "softening", count, mininterval=2)
    found = zip(entries, softening, strict=True)
    return {entry.group: blur for entry, blur in found if blur > 0}


def _wanted(sharpness: NDArray[np.float64], fake: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the same share of the other class stays below; infinite where that is not known."""
    wanted = np.full(len(sharpness), np.inf)
    known = ~np.isnan(sharpness)
    for judged, other in ((fake, ~fake), (~fake, fake)):
        mine, theirs = np.flatnonzero(known & judged), np.sort(sharpness[known & other])
        if len(theirs):
            shares = (np.argsort(np.argsort(sharpness[mine])) + 0.5) / len(mine)
            wanted[mine] = np.interp(shares, (np.arange(len(theirs)) + 0.5) / len(theirs), theirs)
    return wanted


def _blur(job: tuple[Entry, float, float]) -> float:
    """The least deviation found that takes a picture to the sharpness wanted, 0 for none.

    Where the face gets lost before, the largest tried with which it did not.
    """
    entry, sharpness, wanted = job
    if not sharpness > wanted:
        return 0.0
    too_sharp, enough = 0.0, _FIRST
    while True:
        found = _sharpness(entry, enough)
        if found is not None and found <= wanted:
            break
        if found is None or enough >= _MOST:
            return too_sharp
        too_sharp, enough = enough, 2 * enough
    for _ in range(_HALVINGS):
        middle = (too_sharp + enough) / 2
        found = _sharpness(entry, middle)
        if found is not None and found > wanted:
            too_sharp = middle
        else:
            enough = middle
    return enough


def _sharpness(entry: Entry, blur: float = 0.0) -> float | None:
    """Sharpness of the judged face of a picture after a blur, or None where there is none."""
    try:
        if sniff(entry.path.read_bytes()).family != "picture":
            return None
    except (UnmaskError, OSError):
        return None
    opened = open_entry(entry, _PLAN, Alteration(blur=blur))
    if opened.whole or not opened.samples:
        return None
    return surface_of(opened.samples[0].crop).sharpness
