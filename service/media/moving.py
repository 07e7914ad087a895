"""Whatever moves, opened by the reader that understands it."""

from service.media.animated_webp import AnimatedWebp
from service.media.clips import Clip
from service.media.limits import MediaLimits


def open_moving(name: str, data: bytes, limits: MediaLimits) -> Clip | AnimatedWebp:
    """Open a clip or an animation. name: a format of `sniff` that is no still picture.

    Raises MediaCorruptError, UnsupportedMediaError (its codec), MediaTooLargeError (limits
    "pixels", "duration", "frames").
    """
    return AnimatedWebp(data, limits) if name == "webp" else Clip(name, data, limits)
