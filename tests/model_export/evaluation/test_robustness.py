"""Further degradation of crops."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.evaluation.robustness import STRAINS


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
