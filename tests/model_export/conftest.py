"""Real faces for the forge and for training."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.faces import FaceIndex
from model_export.data.landmarks import index_pictures


@pytest.fixture(scope="session")
def faces(astronaut: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> FaceIndex:
    """One person in three sizes and mirrored: enough to swap with, small enough for a test."""
    folder = tmp_path_factory.mktemp("faces")
    face = astronaut[0:256, 96:352]
    for name, picture in {
        "plain": face,
        "mirrored": face[:, ::-1],
        "large": cv2.resize(face, (400, 400), interpolation=cv2.INTER_CUBIC),
    }.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(picture[..., ::-1]))
    return index_pictures(sorted(folder.iterdir()))


@pytest.fixture(scope="session")
def faces_folder(faces: FaceIndex) -> Path:
    """The folder the faces lie in."""
    return faces.root
