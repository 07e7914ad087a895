"""The strips and tiles of a TIFF cost no more than a picture of the largest size."""

import io
import struct
import time
import zlib
from typing import Literal

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from service.errors import MediaCorruptError, MediaTooLargeError
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.tiff import Pieces, read_pieces
from tests.service.media.shared_pieces import of_pieces

LIMITS = MediaLimits(max_pixels=512 * 512)


def blank(pixels: int) -> bytes:
    return zlib.compress(bytes(pixels))


def test_tiles_far_larger_than_what_is_shown_of_them_count_whole() -> None:
    height = 2**20
    data = of_pieces((9600, 16), (16, height), blank(16 * height))
    begun = time.process_time()
    with pytest.raises(MediaTooLargeError) as caught:
        decode_picture("tiff", data, MediaLimits())
    assert caught.value.limit == "pixels"
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("tile", [(512, 528), (528, 512), (1024, 272)])
def test_tiles_together_keep_the_limit(tile: tuple[int, int]) -> None:
    data = of_pieces((64, 64), tile, blank(tile[0] * tile[1]))
    with pytest.raises(MediaTooLargeError):
        decode_picture("tiff", data, LIMITS)
    larger = MediaLimits(max_pixels=tile[0] * tile[1])
    assert decode_picture("tiff", data, larger).pixels.shape == (64, 64, 3)


def test_tiles_that_reach_over_the_edges_are_counted() -> None:
    assert read_pieces(of_pieces((65, 30), (64, 16), b"")) == Pieces(4, 128, 32)
    assert read_pieces(of_pieces((65, 30), (65, 16), b"", layout="strips")) == Pieces(2, 65, 30)
    assert read_pieces(of_pieces((65, 30), (65, 999), b"", layout="strips")) == Pieces(1, 65, 30)


@pytest.mark.parametrize("layout", ["tiles", "strips"])
def test_pieces_are_no_more_than_a_high_picture_has_rows(
    layout: Literal["tiles", "strips"],
) -> None:
    for rows in (2**16, 2**16 + 1):
        data = of_pieces((4, rows), (4, 1), blank(4), layout=layout)
        if rows == 2**16:
            assert decode_picture("tiff", data, MediaLimits()).pixels.shape == (rows, 4, 3)
        else:
            with pytest.raises(MediaCorruptError):
                decode_picture("tiff", data, MediaLimits())


@pytest.mark.parametrize(("kind", "count"), [(1, 1), (6, 1), (8, 1), (9, 1), (3, 2), (4, 2)])
@pytest.mark.parametrize("tag", [278, 322, 323])
def test_sizes_of_pieces_are_numbers_that_are_read_here(tag: int, kind: int, count: int) -> None:
    """libtiff reads numbers of more kinds, and goes on without what is told twice."""
    layout: Literal["tiles", "strips"] = "strips" if tag == 278 else "tiles"
    data = of_pieces((16, 16), (16, 16), blank(256), layout=layout)
    told = struct.pack("<HHI", tag, 4, 1)
    assert data.count(told) == 1
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", data.replace(told, struct.pack("<HHI", tag, kind, count)), LIMITS)


@pytest.mark.parametrize("layout", [{"tile": (32, 64)}, {"rowsperstrip": 1}, {"tile": (256, 512)}])
def test_what_programs_write_is_read_at_the_largest_size(
    astronaut: NDArray[np.uint8], layout: dict[str, tuple[int, int] | int]
) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, astronaut, photometric="rgb", **layout)  # type: ignore[arg-type]
    assert (decode_picture("tiff", stream.getvalue(), LIMITS).pixels == astronaut).all()
