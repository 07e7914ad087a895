"""Labelled folders."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model_export.labelled import write_folders


@pytest.fixture(scope="module")
def folder(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("labelled"), astronaut)
