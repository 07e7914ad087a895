"""One still picture to one frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media.bmp import is_in_runs
from service.media.frame import Frame
from service.media.headers import picture_size
from service.media.jpeg import has_more_scans, without_end
from service.media.limits import MediaLimits
from service.media.png import still
from service.media.tiff import (
    ends_early,
    is_compressed_otherwise,
    read_pieces,
    said_upright,
    with_colours_as_stored,
)
from service.media.webp import with_bare_exif

_UNDECODABLE = (
    "The picture cannot be decoded whole: it is damaged, ends early, is stored in a way that is "
    "not read here, or needs more memory than there is"
)
# Each scan of a JPEG is a pass over the whole picture, of ten bytes if need be. libjpeg writes 10
# of colours and 18 of CMYK; other programs' scripts have some tens at most.
_MOST_SCANS = 100
# As many of the largest picture that is accepted, and what costs the same of smaller ones.
_MOST_PASSES = 20
# Strips of one row of pictures that are so many rows high. For each, libtiff may make its tables of
# colours anew, in 60 us.
_MOST_PIECES = 2**16


def decode_picture(name: str, data: bytes, limits: MediaLimits) -> Frame:
    """Decode a still picture, upright.

    name: a format of `sniff` in the picture family; of a TIFF with pages, the first counts.
    EXIF orientation is applied. Grey, palette, CMYK and 16-bit pictures become uint8 RGB. An
    alpha channel is dropped, not composited: what it hides is part of the file, and a viewer's
    background would be an invention of ours.
    A picture whose data ends early is refused whole: the decoder would fill what is missing
    with grey, and grey would be judged as if somebody had sent it. Of a JPEG of several
    scans, as progressive ones are, that is closed after some of them that cannot be told.

    Raises MediaTooLargeError (limit "pixels"), from the header alone where the decoder reads the
    same there, MediaCorruptError.
    """
    width, height = picture_size(name, data)
    check_pixels(width, height, limits)
    orientation = 1
    if name == "jpeg":
        _check_scans(data, width * height, limits)
        data = without_end(data)
    elif name == "png":
        data = still(data)
    elif name == "webp":
        data = with_bare_exif(data)
    elif name == "bmp":
        _check_runs(data)
    elif name == "tiff":
        _check_pieces(data, limits)
        data, orientation = said_upright(with_colours_as_stored(data))
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise MediaCorruptError(_UNDECODABLE) from error
    if pixels is None:
        raise MediaCorruptError(_UNDECODABLE)
    # Headers that contradict themselves are read otherwise by decoders.
    check_pixels(pixels.shape[1], pixels.shape[0], limits)
    upright = turned(np.asarray(pixels, np.uint8), orientation)
    return Frame(index=0, time_s=0.0, until_s=0.0, pixels=upright)


def turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """A picture, uint8 (H, W, 3), upright. orientation: 1 to 8 (TIFF 6.0, EXIF)."""
    if orientation == 1:
        return pixels
    if orientation >= 5:  # rows are columns
        pixels = pixels.transpose(1, 0, 2)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    across = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::down, ::across])


def check_pixels(width: int, height: int, limits: MediaLimits) -> None:
    """Raise MediaTooLargeError (limit "pixels") where width times height passes the limit."""
    if width * height > limits.max_pixels:
        raise MediaTooLargeError(
            f"{width} x {height} pixels are too many; at most {limits.max_pixels} are accepted",
            limit="pixels",
        )


def _check_scans(data: bytes, pixels: int, limits: MediaLimits) -> None:
    """Raise MediaCorruptError for a JPEG of more scans than are written of so many pixels."""
    most = min(_MOST_SCANS, _MOST_PASSES * limits.max_pixels // pixels)
    if has_more_scans(data, most):
        raise MediaCorruptError(
            "The picture is stored in more scans, or among more segments, than programs write; "
            f"at most {most} scans are read of one of its size"
        )


def _check_runs(data: bytes) -> None:
    """Raise MediaCorruptError for a bitmap in runs of a colour.

    WHY: some programs, ImageMagick among them, fill rows up to four bytes before they are coded.
    OpenCV draws what is too much into the next row: all of the picture is shifted.
    """
    if is_in_runs(data):
        raise MediaCorruptError(
            "The picture is stored in a way that is not read here: as a bitmap in runs (RLE)"
        )


def _check_pieces(data: bytes, limits: MediaLimits) -> None:
    """Raise MediaTooLargeError (limit "pixels") for a TIFF whose tiles together pass the limit,
    MediaCorruptError for one of too many pieces, or where they are not all there or not decoded.
    """
    pieces = read_pieces(data)
    if pieces is None or pieces.count > _MOST_PIECES:
        raise MediaCorruptError(_UNDECODABLE)
    if ends_early(data) or is_compressed_otherwise(data):
        raise MediaCorruptError(_UNDECODABLE)
    check_pixels(pieces.width, pieces.height, limits)
