"""Clips that are marked as interlaced show what is in them."""

import io
from collections.abc import Mapping, Sequence

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from tests.media_files import clip, moving

Pixels = NDArray[np.uint8]


def interlaced(
    frames: Sequence[Pixels],
    container: str,
    codec: str,
    pixel_format: str,
    options: Mapping[str, str],
) -> bytes:
    """A clip whose encoder is told that its frames are made of fields."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        video = output.add_stream(codec, rate=25, options=dict(options))
        assert isinstance(video, av.VideoStream)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixel_format
        for pixels in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
    return buffer.getvalue()


def read(data: bytes) -> list[Pixels]:
    opened = Clip(sniff(data).name, data, MediaLimits())
    return [frame.pixels for frame in opened.frames(5)]


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format", "options"),
    [
        ("mp4", "libx264", "yuv420p", {"x264-params": "tff=1", "crf": "12"}),
        ("matroska", "libx264", "yuv420p", {"x264-params": "bff=1", "crf": "12"}),
        ("mov", "libx264", "yuv422p10le", {"x264-params": "tff=1", "crf": "12"}),
        ("avi", "mpeg2video", "yuv420p", {"flags": "+ildct+ilme", "b": "8M"}),
        ("avi", "mpeg4", "yuv420p", {"flags": "+ildct+ilme", "b": "8M"}),
        ("mov", "prores_ks", "yuv422p10le", {"flags": "+ildct"}),
    ],
)
def test_each_frame_is_what_was_put_in(
    astronaut: Pixels, container: str, codec: str, pixel_format: str, options: dict[str, str]
) -> None:
    """And nothing of a clip read before, whose memory is free again."""
    earlier = 255 - astronaut[:256, :256]
    frames = moving(astronaut[100:356, 100:356], 5, step=8)
    data = interlaced(frames, container, codec, pixel_format, options)
    with av.open(io.BytesIO(data), "r") as opened:
        assert all(frame.interlaced_frame for frame in opened.decode(video=0))
    assert len(read(clip([earlier] * 5))) == 5
    for got, stored in zip(read(data), frames, strict=True):
        assert np.abs(got.astype(int) - stored.astype(int)).mean() < 12
