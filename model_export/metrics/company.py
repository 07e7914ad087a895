"""Verdicts on uploads that show several faces, foretold from faces judged alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.inference.model_file import Thresholds
from service.verdict.calibration import logit_of, manipulated_among

Values = NDArray[np.float64]
FACES = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Company:
    """What becomes of an upload of so many faces; shares from 0 to 1.

    probability: from which a face in it is called manipulated. reals: share of uploads of real
    faces that are, if their faces err independently of one another; as_if_alone: the same at the
    threshold for one face. fakes: share of the fakes that are called so.
    """

    faces: int
    probability: float
    reals: float
    as_if_alone: float
    fakes: float


def in_company(fake: Values, real: Values, thresholds: Thresholds) -> list[Company]:
    """For each of FACES, from the logits of fakes (N,) and reals (M,), both at least one."""

    def accused(faces: int, among: int) -> float:
        least = logit_of(manipulated_among(among, thresholds))
        return float(1 - (1 - (real >= least).mean()) ** faces)

    found = []
    for faces in FACES:
        probability = manipulated_among(faces, thresholds)
        share = float((fake >= logit_of(probability)).mean())
        found.append(Company(faces, probability, accused(faces, faces), accused(faces, 1), share))
    return found
