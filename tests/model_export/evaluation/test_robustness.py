"""Further degradation of crops."""

from collections.abc import Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.evaluation.robustness import STRAINS, robustness
from model_export.sources.sample import Sample
from service.inference.second_look import Outputs


@pytest.mark.parametrize("name", [name for name in STRAINS if name != "turn"])
def test_each_strain_keeps_the_size_and_grows_with_its_values(
    name: str, astronaut: NDArray[np.uint8]
) -> None:
    crop = np.ascontiguousarray(astronaut[0:256, 96:352])
    strain = STRAINS[name]
    errors = []
    for value in strain.values:
        worse = strain.apply(crop, value)
        assert worse.shape == crop.shape
        errors.append(cv2.norm(worse, crop, cv2.NORM_L2))
    assert errors == sorted(errors)
    assert errors[0] < errors[-1] / 2


class SeesContrast:
    """A detector for which a crop with any contrast left is a fake."""

    note: ClassVar[dict[str, Any]] = {}

    def look(self, crops: Sequence[NDArray[np.uint8]]) -> Outputs:
        """See `Judge`."""
        fake = np.array([crop.std() > 10 for crop in crops], np.float32)
        return [fake, 1 - fake, np.zeros((len(crops), 256, 256), np.uint8)]


def test_every_figure_is_of_crops_degraded_that_far() -> None:
    flat = np.full((256, 256, 3), 128, np.uint8)
    fine = np.where(np.indices((256, 256)).sum(0)[..., None] % 2, flat + 30, flat - 30)
    samples = [
        Sample(np.asarray(crop, np.uint8), fake, None, None, "a")
        for crop, fake in ((fine, True), (flat, False))
    ]
    blurred = robustness(SeesContrast(), samples)["blur"]
    assert (blurred["0"], blurred["4"]) == (1.0, 0.5)
