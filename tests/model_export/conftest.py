"""Real faces for the forge and for training; a network to export."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model_export.checkpoint import Checkpoint
from model_export.data.faces import FaceIndex
from model_export.data.landmarks import index_pictures
from model_export.export import check_pictures
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network


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


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """On busy cores the threads of a small network wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A fresh network for small crops."""
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict()).save(tmp_path / "a.pt")
    return tmp_path / "a.pt"


@pytest.fixture
def export_words(tmp_path: Path) -> list[str]:
    """`export` of a fresh network to `m.onnx`; four pictures lie in `faces`."""
    torch.manual_seed(0)
    state = build_network(NetworkConfig()).state_dict()
    Checkpoint(NetworkConfig(), state).save(tmp_path / "c.pt")
    (tmp_path / "faces").mkdir()
    for number, picture in enumerate(check_pictures(256, 4)):
        cv2.imwrite(str(tmp_path / "faces" / f"{number}.png"), picture)
    return ["export", str(tmp_path / "c.pt"), "-o", str(tmp_path / "m.onnx")]


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names under which a text was written without a file beside it first."""
    names, write = set(), Path.write_text

    def noted(path: Path, text: str) -> int:
        names.add(path.name)
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", noted)
    return names


@pytest.fixture(scope="session")
def faces_folder(faces: FaceIndex) -> Path:
    """The folder the faces lie in."""
    return faces.root
