"""Clips whose frames are PNGs, with what may lie beside their pixels."""

import io
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

PROFILE = b"sRGB\0\0" + zlib.compress(b"x" * 200)
READ_TWICE = """
import gc, sys
from pathlib import Path
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.sniff import sniff
data = Path(sys.argv[1]).read_bytes()
for _ in range(2):
    frames = Clip(sniff(data).name, data, MediaLimits()).frames(4)
    shown = [frame.pixels[0, 0].tolist() for frame in frames]
    del frames
    gc.collect()
print(shown)
"""


def with_profile() -> bytes:
    """A PNG of one colour with an ICC profile, by the name and length of one at least."""
    _, coded = cv2.imencode(".png", np.full((48, 64, 3), (30, 20, 10), np.uint8))
    data = coded.tobytes()
    body = b"iCCP" + PROFILE
    chunk = len(PROFILE).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("container", ["mov", "avi"])
def test_a_colour_profile_in_frames_costs_no_worker(tmp_path: Path, container: str) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        video = output.add_stream("png", rate=25)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "rgb24"
        for number in range(4):
            packet = av.Packet(with_profile())
            packet.stream, packet.time_base, packet.is_keyframe = video, Fraction(1, 25), True
            packet.pts = packet.dts = number
            output.mux(packet)
    clip = tmp_path / f"clip.{container}"
    clip.write_bytes(buffer.getvalue())
    read = [sys.executable, "-c", READ_TWICE, str(clip)]
    done = subprocess.run(read, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([[10, 20, 30]] * 4)
