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

UPRIGHT, LYING = 1, 6


def frames(name: str, data: bytes) -> list[NDArray[np.uint8]]:
    return [frame.pixels for frame in Clip(name, data, MediaLimits()).frames(4)]


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


def camera_picture(pixels: NDArray[np.uint8], orientation: int = UPRIGHT) -> bytes:
    """A JPEG as cameras write it, with EXIF."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, exif=oriented(orientation))
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


@pytest.mark.parametrize("name", ["avi", "mov", "matroska"])
def test_clips_of_camera_pictures_are_held_as_the_first_one_is(
    astronaut: NDArray[np.uint8], name: str
) -> None:
    pictures = [camera_picture(astronaut, each) for each in (LYING, UPRIGHT, LYING, UPRIGHT)]
    read = frames({"matroska": "mkv"}.get(name, name), motion_jpeg(name, pictures, 512))
    assert len(read) == 4
    for pixels in read:
        assert np.abs(pixels.astype(int) - np.rot90(astronaut, -1)).mean() < 4


@pytest.mark.parametrize(("orientation", "turns"), [(UPRIGHT, 0), (LYING, -1)])
def test_animated_pictures_with_exif_are_all_held_alike(
    astronaut: NDArray[np.uint8], orientation: int, turns: int
) -> None:
    """FFmpeg tells it of the first frame only."""
    stored = [astronaut[:300], cv2.flip(astronaut[:300], 1), cv2.flip(astronaut[:300], 0)]
    first, *others = (Image.fromarray(pixels) for pixels in stored)
    stream = io.BytesIO()
    exif = oriented(orientation)
    first.save(stream, "PNG", save_all=True, append_images=others, exif=exif)
    read = frames("png", stream.getvalue())
    assert len(read) == 3
    for pixels, as_stored in zip(read, stored, strict=True):
        assert np.array_equal(pixels, np.rot90(as_stored, turns))
