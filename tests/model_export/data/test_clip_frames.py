"""Frames of a clip, whatever its file is called."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.data.clip_frames import frame_count, frames_at
from tests.media_files import clip

NAME = os.fsdecode(b"caf\xe9.mp4")


def test_the_wanted_frames_are_given_as_far_as_there_are_any(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / NAME
    frames = [astronaut, astronaut[:, ::-1], astronaut]
    path.write_bytes(clip(frames))
    assert frame_count(path) == 3
    found = dict(frames_at(path, (1, 2, 5)))
    assert [*found] == [1, 2]
    for index, pixels in found.items():
        assert np.abs(pixels.astype(int) - frames[index]).mean() < 8


def test_a_file_without_frames_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no clip")
    with pytest.raises(ValueError, match=r"no frame of .*caf"):
        frame_count(tmp_path / NAME)
    with pytest.raises(ValueError, match=r"no frame of .*caf"):
        [*frames_at(tmp_path / NAME, (0,))]
