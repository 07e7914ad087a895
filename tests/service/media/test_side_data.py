"""What lies beside a frame, known to PyAV or not, keeps no clip from being judged."""

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.media.clips import Clip
from service.media.limits import MediaLimits

ORIENTED = Image.Exif()
ORIENTED[274] = 1


def frames(name: str, data: bytes) -> list[NDArray[np.uint8]]:
    return [frame.pixels for frame in Clip(name, data, MediaLimits()).frames(4)]


def camera_picture(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG as cameras write it, with EXIF."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, exif=ORIENTED.tobytes())
    return stream.getvalue()


def motion_jpeg(name: str, pictures: list[bytes], side: int) -> bytes:
    """Pictures put behind one another as they are."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=name) as clip:
        track = clip.add_stream("mjpeg", rate=10)
        track.width = track.height = side
        track.pix_fmt = "yuvj420p"
        for number, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts = track, number, number
            packet.time_base = Fraction(1, 10)
            packet.is_keyframe = True
            clip.mux(packet)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["avi", "mov", "matroska"])
def test_clips_of_camera_pictures_are_read(astronaut: NDArray[np.uint8], name: str) -> None:
    data = motion_jpeg(name, [camera_picture(astronaut)] * 4, 512)
    read = frames({"matroska": "mkv"}.get(name, name), data)
    assert len(read) == 4
    assert np.abs(read[0].astype(int) - astronaut).mean() < 4


def test_animated_pictures_with_exif_are_read(astronaut: NDArray[np.uint8]) -> None:
    first, second = Image.fromarray(astronaut), Image.fromarray(cv2.flip(astronaut, 1))
    stream = io.BytesIO()
    first.save(stream, "PNG", save_all=True, append_images=[second], exif=ORIENTED.tobytes())
    read = frames("png", stream.getvalue())
    assert [(pixels == want).all() for pixels, want in zip(read, (first, second), strict=True)] == [
        True
    ] * 2
