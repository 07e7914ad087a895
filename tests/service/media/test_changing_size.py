"""A stream that goes on in another size is shown in the one it began with."""

import io
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.media.clips import Clip
from service.media.limits import MediaLimits

Pixels = NDArray[np.uint8]
RATE, FRAMES = 25, 20


def packets(pixels: Pixels) -> list[Any]:
    """A picture as some frames of VP8."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width = pixels.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.bit_rate = "yuv420p", Fraction(1, RATE), 2_000_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    made: list[Any] = []
    for number in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        made += encoder.encode(frame)
    return made + list(encoder.encode(None))


def joined(*pictures: Pixels) -> bytes:
    """A WebM that shows pictures of several sizes, one after the other, in one track."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as output:
        track = output.add_stream("libvpx", rate=RATE)
        assert isinstance(track, av.VideoStream)
        track.height, track.width = pictures[0].shape[:2]
        track.pix_fmt = "yuv420p"
        for shot, pixels in enumerate(pictures):
            for packet in packets(pixels):
                copy = av.Packet(bytes(packet))
                copy.pts = copy.dts = packet.pts + shot * FRAMES
                copy.time_base, copy.is_keyframe = Fraction(1, RATE), packet.is_keyframe
                copy.stream = track
                output.mux(copy)
    return buffer.getvalue()


@pytest.mark.parametrize("sides", [(256, 128), (128, 256)])
def test_every_frame_has_the_stated_size(astronaut: Pixels, sides: tuple[int, int]) -> None:
    pictures = [
        np.asarray(cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        for side in sides
    ]
    clip = Clip("webm", joined(*pictures), MediaLimits())
    frames = [frame.pixels for frame in clip.frames(8)]
    assert {pixels.shape for pixels in frames} == {(sides[0], sides[0], 3)}
    assert (clip.width, clip.height) == (sides[0], sides[0])
    for pixels in frames:
        assert np.abs(pixels.astype(int) - pictures[0].astype(int)).mean() < 20
    assert clip.shrunk == (sides == (128, 256))


@pytest.mark.parametrize(
    ("size", "shrunk"), [((256, 128), True), ((128, 256), True), ((240, 240), False)]
)
def test_frames_of_twice_the_width_or_the_height_are_told_of_though_others_follow(
    astronaut: Pixels, size: tuple[int, int], *, shrunk: bool
) -> None:
    pictures = [
        np.asarray(cv2.resize(astronaut, each, interpolation=cv2.INTER_AREA), np.uint8)
        for each in ((128, 128), size, (128, 128))
    ]
    clip = Clip("webm", joined(*pictures), MediaLimits())
    assert {frame.pixels.shape for frame in clip.frames(9)} == {(128, 128, 3)}
    assert clip.shrunk == shrunk
