"""The codecs that clips are decoded of."""

import av

from service.errors import UnsupportedMediaError

# Cameras, phones, messengers and the web.
_RECORDED = (
    "av1 h264 hevc vp8 vp9 vvc "
    "dvvideo flv1 h263 h263i h263p mjpeg mjpegb mpeg1video mpeg2video mpeg4 "
    "msmpeg4v1 msmpeg4v2 msmpeg4v3 rv10 rv20 rv30 rv40 svq1 svq3 theora "
    "vc1 vp3 vp6 vp6a vp6f wmv1 wmv2 wmv3"
)
# Programs that cut films, or draw them.
_EDITED = (
    "apng cfhd cinepak dnxhd ffv1 ffvhuff gif huffyuv jpeg2000 magicyuv png prores qtrle utvideo"
)
READ = frozenset(f"{_RECORDED} {_EDITED}".split())
_PLAIN = (
    "rgb24 bgr24 rgb0 bgr0 0rgb 0bgr rgba bgra argb abgr gray "
    "yuv420p yuvj420p yuv422p yuv444p yuyv422 uyvy422 nv12"
)
"""Pixel formats in which a frame that is not compressed is read: each pixel is all there."""


def expect_readable(context: av.VideoCodecContext | None) -> None:
    """Raise UnsupportedMediaError for a codec, whichever decoder is there for it, of other clips.

    context: None for a codec that FFmpeg does not know.

    WHY a closed list: a container names any of some 270 decoders, and who sends it has the choice.
    Those that unpack a frame into memory of their own (of recorded screens, TIFFs, uncompressed
    colours of a palette) show what lies there where it unpacks to less: pixels of other people's
    files. Frames themselves come filled with noughts; clips in these codecs, of those that
    FFmpeg also writes, showed nothing else, whole or damaged.
    """
    if context is None:
        raise UnsupportedMediaError("Clips in this codec are not read")
    name = context.codec.canonical_name
    if name not in READ and not (name == "rawvideo" and context.pix_fmt in _PLAIN.split()):
        raise UnsupportedMediaError(f"Clips in the codec {name} are not read")
