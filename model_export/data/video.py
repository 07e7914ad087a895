"""H.264 in memory."""

from collections import deque
from collections.abc import Iterable, Mapping
from fractions import Fraction
from io import BytesIO
from itertools import chain

import av
import cv2
import numpy as np

from model_export.data.warp import Picture

QUICK = {"preset": "veryfast", "tune": "zerolatency"}
"""Options of x264: one key frame, each other predicted from those before it alone."""
_AVX_512F = 13  # CV_CPU_AVX_512F, which OpenCV does not name in Python
# With AVX-512 x264 encodes the same frames otherwise each time.
_REPEATABLE = (
    {"x264-params": "asm=mmx2,sse2,ssse3,sse4.2,avx,fma3,bmi2,avx2"}
    if cv2.checkHardwareSupport(_AVX_512F)
    else {}
)
AS_UPLOADED = {"preset": "medium", "g": "50", **_REPEATABLE}
"""A key frame every two seconds at 25 a second, frames predicted from both sides between them."""


def encode_h264(
    frames: Iterable[Picture], crf: int, rate: int = 25, options: Mapping[str, str] = QUICK
) -> bytes:
    """An MP4 of frames of one size, at least one, uint8 RGB; crf 0 (lossless) to 51, rate in
    frames a second.

    options: of x264, besides. Odd sides lose a row or column: 4:2:0 chroma needs even ones.
    """
    buffer = BytesIO()
    remaining = iter(frames)
    first = next(remaining)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), **options}
        stream.codec_context.thread_count = 1
        for pixels in chain((first,), remaining):
            even = np.ascontiguousarray(pixels[:height, :width], np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def decode_last(data: bytes) -> Picture:
    """The last frame of a clip, uint8 RGB. Raises ValueError for a clip without frames."""
    with av.open(BytesIO(data), "r") as container:
        (last,) = deque(container.decode(video=0), maxlen=1)
    return np.asarray(last.to_ndarray(format="rgb24"), np.uint8)
