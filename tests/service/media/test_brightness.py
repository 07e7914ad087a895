"""Clips in PQ look as their originals do; clips in other curves are left as they are."""

import io

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from service.media.brightness import standard
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.sniff import sniff

BT_709, BT_2020 = 1, 9
SDR, PQ, HLG = 1, 16, 18
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def original() -> NDArray[np.float64]:
    """sRGB from 0 to 1, (64, 96, 3), of smooth colours."""
    down, across = np.mgrid[0.1:0.9:64j, 0.1:0.9:96j]
    return np.stack([across, (across + down) / 2, 1 - down], axis=2)


def in_pq(srgb: NDArray[np.float64], primaries: int) -> NDArray[np.float64]:
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    if primaries == BT_2020:
        light = light @ TO_2020.T
    power = (light * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def encoded(
    code: NDArray[np.float64],
    transfer: int,
    primaries: int,
    pixel_format: str,
    *,
    in_stream: bool = True,
) -> bytes:
    """in_stream: whether the stream itself tells of its colours, or the container alone."""
    buffer = io.BytesIO()
    unsaid = "" if in_stream else ":transfer=unknown:colorprim=unknown:colormatrix=unknown"
    options = {"crf": "4", "x265-params": "log-level=none" + unsaid}
    with av.open(buffer, "w", format="mp4") as output:
        video = output.add_stream("libx265", rate=25, options=options)
        assert isinstance(video, av.VideoStream)
        video.height, video.width = code.shape[:2]
        video.pix_fmt = pixel_format
        context = video.codec_context
        context.color_trc, context.color_primaries = transfer, primaries
        rgb = pixel_format.startswith("gbr")
        context.colorspace = 0 if rgb else 1
        context.color_range = 2 if rgb else 1
        stored = np.round(code * 65535).astype(np.uint16)
        frame = av.VideoFrame.from_ndarray(stored, format="rgb48le")
        if not rgb:
            frame = frame.reformat(
                format=pixel_format,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
        else:
            frame = frame.reformat(format=pixel_format)
        frame.color_trc, frame.color_primaries = transfer, primaries
        for _ in range(3):
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return buffer.getvalue()


def shown(data: bytes) -> NDArray[np.uint8]:
    return next(iter(Clip(sniff(data).name, data, MediaLimits()).frames(1))).pixels


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "gbrp10le"])
@pytest.mark.parametrize("primaries", [BT_709, BT_2020])
def test_pq_is_shown_as_its_original(primaries: int, pixel_format: str) -> None:
    code = in_pq(original(), primaries)
    frame = shown(encoded(code, PQ, primaries, pixel_format))

    assert np.abs(frame - 255 * original()).mean() < 3
    assert np.abs(255 * code - 255 * original()).mean() > 15


def test_pq_is_known_where_the_container_alone_tells_of_it() -> None:
    code = in_pq(original(), BT_2020)
    data = encoded(code, PQ, BT_2020, "yuv420p10le", in_stream=False)
    with av.open(io.BytesIO(data), "r") as opened:
        assert next(opened.decode(video=0)).color_trc == 2, "the frame says nothing"

    assert np.abs(shown(data) - 255 * original()).mean() < 3


@pytest.mark.parametrize("primaries", [BT_709, BT_2020])
def test_what_is_brighter_than_white_is_white(primaries: int) -> None:
    nits = np.array([0, 203, 300, 1000, 10_000]) / 10_000
    power = nits**0.1593017578125
    code = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    grey = np.round(65535 * code).astype(np.uint16)[None, :, None].repeat(3, axis=2)
    assert np.unique(standard(grey, primaries)[0, 0]).tolist() == [0]
    assert standard(grey, primaries)[0, 1:].min() >= 254


def test_colours_that_bt_709_does_not_have_are_its_nearest() -> None:
    green = np.array([[[0, 38_000, 0]]], np.uint16)
    red, shown_green, blue = standard(green, BT_2020)[0, 0]
    assert (red, blue) == (0, 0)
    assert shown_green > standard(green, BT_709)[0, 0, 1] > 0


def test_every_row_of_a_high_frame_is_shown_as_it_would_be_by_itself() -> None:
    rows = np.linspace(0, 65535, 150).astype(np.uint16)[:, None, None] * np.ones((1, 1, 3), "u2")
    shown_rows = [standard(row[None], BT_2020)[0] for row in rows]
    assert np.array_equal(standard(rows, BT_2020), shown_rows)


@pytest.mark.parametrize("transfer", [SDR, HLG])
def test_other_curves_are_left_as_they_are(transfer: int) -> None:
    data = encoded(original(), transfer, BT_2020, "yuv420p10le")
    with av.open(io.BytesIO(data), "r") as opened:
        frame = next(opened.decode(video=0))
        plain = frame.to_ndarray(format="rgb24")

    assert np.array_equal(shown(data), plain)
