"""People to learn from."""

from pathlib import Path

import pytest

from model_export.data.faces import FaceIndex
from tests.model_export.labelled import write_coloured_people


@pytest.fixture(scope="module")
def people(faces: FaceIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coloured_people(tmp_path_factory.mktemp("people"), faces, 32)
