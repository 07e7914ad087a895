"""Frames of a clip, whatever its file is called."""

import io
import os
from pathlib import Path

import av
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


def test_what_is_made_up_where_bytes_are_damaged_is_not_given(
    astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    """Nor what is predicted from it, up to the next key frame."""
    frames = [np.roll(astronaut, 4 * number, axis=1)[:320, :400] for number in range(18)]
    whole = clip(frames, keyframe_every=6)
    with av.open(io.BytesIO(whole), "r") as opened:
        packets = [packet for packet in opened.demux(video=0) if packet.size]
    second = [packet for packet in packets if packet.is_keyframe][1]
    assert second.pos is not None
    damaged, middle = bytearray(whole), second.pos + second.size // 2
    damaged[middle : middle + 200] = bytes(200)
    for content, given in ((whole, range(18)), (damaged, [*range(6), *range(12, 18)])):
        (tmp_path / NAME).write_bytes(content)
        found = dict(frames_at(tmp_path / NAME, range(18)))
        assert [*found] == [*given]
        worst = max(np.abs(pixels.astype(int) - frames[at]).mean() for at, pixels in found.items())
        assert worst < 8
