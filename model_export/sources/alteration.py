"""What is done to every picture before it is judged."""

import zlib
from dataclasses import dataclass

import cv2
import numpy as np

from model_export.data.degrade import h264
from model_export.data.motion import hand_held
from model_export.data.video import AS_UPLOADED, encode_h264
from model_export.data.warp import Picture, warp
from model_export.sources.masks import Mask
from service.faces.pyramid import Pyramid
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from service.media.upload import Upload

_SECONDS, _RATE, _NOISE = 4.0, 25, 2.0
_CLIP_PX = 1280
_CODED_PX = 2
"""Least side of a frame whose colours have half its resolution."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """Blurs, turns, shrinks and compresses pictures, in this order; clips stay as they are.

    blur: standard deviation of a Gaussian in pixels; 0 for none.
    degrees: counter-clockwise, about the middle; mirrored beyond the edge.
    h264_crf: last of all, the fourth frame of a slowly moving clip of that quality.
    scale: what is left of each side, above 0 and up to 1.
    as_clip: with h264_crf, a whole clip of four seconds instead, at most 1280 pixels wide and high,
        through a hand-held camera with some noise.
    """

    blur: float = 0.0
    degrees: float = 0.0
    h264_crf: int | None = None
    scale: float = 1.0
    as_clip: bool = False

    def picture(self, upload: Upload, limits: MediaLimits) -> Upload:
        """An upload after the alteration, losslessly stored where it is still a picture.

        Raises ValueError for a picture too small to be a frame of a clip, and as decoding does.
        """
        media = sniff(upload.data)
        if self == Alteration() or media.family != "picture":
            return upload
        pixels = decode_picture(media.name, upload.data, limits).pixels
        if self.blur:
            pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), self.blur), np.uint8)
        if self.degrees:
            pixels = turned(pixels, self.degrees)
        pixels = Pyramid(pixels).at(self.scale)
        if self.as_clip:
            pixels = Pyramid(pixels).at(min(1.0, _CLIP_PX / max(pixels.shape[:2])))
        if self.h264_crf is not None:
            if min(pixels.shape[:2]) < _CODED_PX:
                raise ValueError("the picture is too small for H.264")
            if self.as_clip:
                rng = np.random.default_rng(zlib.crc32(upload.data))
                frames = hand_held(pixels, rng, seconds=_SECONDS, rate=_RATE, noise=_NOISE)
                return Upload(encode_h264(frames, self.h264_crf, _RATE, AS_UPLOADED))
            pixels = h264(pixels, self.h264_crf, motion=(1.0, 0.5), frames=4)
        return Upload(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())

    def mask(self, mask: Mask) -> Mask:
        """The mask of a picture, after the same turn and at the same size."""
        return Pyramid(turned(mask, self.degrees) if self.degrees else mask).at(self.scale)


def turned(picture: Picture, degrees: float) -> Picture:
    """A picture turned counter-clockwise about its middle, uint8 of the same shape."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return warp(picture, np.asarray(turn, np.float64), height, width, cv2.INTER_CUBIC)
