"""Colours of a TIFF are those that are stored, whatever its transparency."""

import io
import struct
from typing import Any, Literal

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps

from service.errors import MediaCorruptError
from service.media.headers import picture_size
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.tiff import ends_early, with_colours_as_stored
from tests.media_files import encode


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("alpha", [0, 40, 255])
def test_transparency_hides_nothing(
    astronaut: NDArray[np.uint8], alpha: int, compression: str
) -> None:
    veil = np.full(astronaut.shape[:2], alpha, np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.dstack([astronaut, veil])).save(stream, "TIFF", compression=compression)
    pixels = decode_picture("tiff", stream.getvalue(), MediaLimits()).pixels
    assert (pixels == astronaut).all()


def test_without_transparency_a_file_stays_as_it_is(astronaut: NDArray[np.uint8]) -> None:
    data = encode(astronaut, ".tiff")
    assert with_colours_as_stored(data) is data


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_header_that_ends_within_its_last_field_is_damaged(missing: int) -> None:
    fields = [(256, 3, 1, 8), (257, 3, 1, 8), (338, 3, 1, 2)]
    written = b"".join(struct.pack("<HHII", *field) for field in fields)
    data = b"II*\0" + struct.pack("<IH", 8, len(fields)) + written
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", data[:-missing], MediaLimits())


PLANES: dict[str, Any] = {"planarconfig": "separate", "compression": "zlib"}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("share", [0.4, 0.9, 0.99])
@pytest.mark.parametrize("layout", [{"rowsperstrip": 32}, {"tile": (128, 64)}])
def test_a_picture_whose_pieces_are_not_all_there_is_refused(
    astronaut: NDArray[np.uint8], layout: dict[str, Any], share: float, order: Literal["<", ">"]
) -> None:
    """Of colours in planes of their own libtiff leaves out the missing pieces, and says nothing."""
    stream = io.BytesIO()
    planes = np.ascontiguousarray(astronaut.transpose(2, 0, 1))
    tifffile.imwrite(stream, planes, byteorder=order, photometric="rgb", **PLANES, **layout)
    data = stream.getvalue()
    assert (decode_picture("tiff", data, MediaLimits()).pixels == astronaut).all()
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", data[: int(len(data) * share)], MediaLimits())


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "1", "P"])
def test_usual_tiffs_are_read(astronaut: NDArray[np.uint8], mode: str) -> None:
    picture, stream = Image.fromarray(astronaut[:64, :96]).convert(mode), io.BytesIO()
    picture.save(stream, "TIFF", compression="tiff_lzw")
    pixels = decode_picture("tiff", stream.getvalue(), MediaLimits()).pixels
    assert (pixels == np.asarray(picture.convert("RGB"))).all()


@pytest.mark.parametrize("kind", [np.uint32, np.float32, np.float64])
def test_grey_of_more_than_16_bits_is_refused(
    astronaut: NDArray[np.uint8], kind: type[Any]
) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, astronaut[..., 1].astype(kind))
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", stream.getvalue(), MediaLimits())


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
def test_compressions_that_libtiff_was_built_without_are_refused(
    astronaut: NDArray[np.uint8], compression: str
) -> None:
    stream = io.BytesIO()
    Image.fromarray(astronaut).save(stream, "TIFF", compression=compression)
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", stream.getvalue(), MediaLimits())


@pytest.mark.parametrize(
    ("compression", "mode"),
    [
        (None, "RGB"),
        ("tiff_lzw", "RGB"),
        ("tiff_adobe_deflate", "RGB"),
        ("tiff_deflate", "RGB"),
        ("packbits", "RGB"),
        ("jpeg", "RGB"),
        ("tiff_ccitt", "1"),
        ("group3", "1"),
        ("group4", "1"),
    ],
)
def test_usual_compressions_are_read(
    astronaut: NDArray[np.uint8], compression: str | None, mode: str
) -> None:
    picture, stream = Image.fromarray(astronaut).convert(mode), io.BytesIO()
    picture.save(stream, "TIFF", compression=compression)
    pixels = decode_picture("tiff", stream.getvalue(), MediaLimits()).pixels
    off = np.abs(pixels.astype(int) - np.asarray(picture.convert("RGB"))).mean()
    assert off < (4 if compression == "jpeg" else 1e-9)


@pytest.mark.parametrize(("kind", "count", "stored"), [(1, 1, b"\1"), (4, 1, b"\1\0\0\0")])
@pytest.mark.parametrize("number", [1, 77])
def test_a_compression_may_be_a_number_of_any_size(
    astronaut: NDArray[np.uint8], kind: int, count: int, stored: bytes, number: int
) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, astronaut, photometric="rgb", byteorder="<")
    data = bytearray(stream.getvalue())
    place = data.index(struct.pack("<HHI", 259, 3, 1))
    value = bytes([number, *stored[1:]]).ljust(4, b"\0")
    data[place : place + 12] = struct.pack("<HHI", 259, kind, count) + value
    if number == 1:
        assert (decode_picture("tiff", bytes(data), MediaLimits()).pixels == astronaut).all()
    else:
        with pytest.raises(MediaCorruptError):
            decode_picture("tiff", bytes(data), MediaLimits())


@pytest.mark.parametrize("number", [34712, 50002, 52546, 12345])
def test_what_libtiff_would_leave_black_is_refused(
    astronaut: NDArray[np.uint8], number: int
) -> None:
    """JPEG 2000, JPEG XL by two numbers, and one that is nobody's."""
    data = bytearray(encode(astronaut, ".tiff"))
    struct.pack_into("<H", data, data.index(struct.pack("<HHI", 259, 3, 1)) + 8, number)
    left = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert left is not None
    assert not left.any()
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", bytes(data), MediaLimits())


def test_a_picture_whose_colours_are_not_all_there_is_refused(
    astronaut: NDArray[np.uint8],
) -> None:
    stream = io.BytesIO()
    picture = Image.fromarray(astronaut).quantize(256)
    picture.save(stream, "TIFF", compression="packbits")
    data = stream.getvalue()
    pixels = decode_picture("tiff", data, MediaLimits()).pixels
    assert (pixels == np.asarray(picture.convert("RGB"))).all()
    for missing in (1, 100, 1000):
        with pytest.raises(MediaCorruptError):
            decode_picture("tiff", data[:-missing], MediaLimits())


def test_a_picture_in_one_piece_is_whole_whatever_size_this_is_said_to_have(
    astronaut: NDArray[np.uint8],
) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, astronaut, photometric="rgb")
    data = stream.getvalue()
    field = struct.pack("<HHII", 279, 4, 1, astronaut.size)
    assert data.count(field) == 1
    overstated = data.replace(field, struct.pack("<HHII", 279, 4, 1, 2 * astronaut.size))
    assert (decode_picture("tiff", overstated, MediaLimits()).pixels == astronaut).all()
    with pytest.raises(MediaCorruptError):
        decode_picture("tiff", overstated[:-100], MediaLimits())


def test_a_piece_whose_size_is_not_told_is_missing_where_it_begins_beyond_the_end(
    astronaut: NDArray[np.uint8],
) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, astronaut, photometric="rgb", rowsperstrip=128)
    data = stream.getvalue()
    sizes = struct.pack("<HHI", 279, 4, 4)
    assert data.count(sizes) == 1
    untold = data.replace(sizes, struct.pack("<HHI", 279, 4, 3))
    last = struct.pack("<I", len(data) - astronaut[:128].size)
    assert data.count(last) == 1
    assert not ends_early(untold)
    assert ends_early(untold.replace(last, struct.pack("<I", len(data) + 1)))


def test_what_a_hostile_field_points_to_costs_nothing(astronaut: NDArray[np.uint8]) -> None:
    data = encode(astronaut, ".tiff")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] in (273, 279):
            endless = data[: entry + 4] + b"\xff" * 4 + data[entry + 8 :]
            with pytest.raises(MediaCorruptError):
                decode_picture("tiff", endless, MediaLimits())


@pytest.mark.parametrize("first", ["real", "other"])
def test_of_two_sizes_the_one_is_read_that_is_decoded(
    astronaut: NDArray[np.uint8], first: str
) -> None:
    """libtiff reads the first field of several with one tag."""
    data = encode(astronaut, ".tiff")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    fields = data[at + 2 : at + 2 + 12 * count]
    other = struct.pack("<HHII", 256, 4, 1, 16) + struct.pack("<HHII", 257, 4, 1, 16)
    fields = fields + other if first == "real" else other + fields
    table = struct.pack("<H", count + 2) + fields + bytes(4)
    twofold = data[:4] + struct.pack("<I", len(data)) + data[8:] + table
    decoded = cv2.imdecode(np.frombuffer(twofold, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    assert picture_size("tiff", twofold) == decoded.shape[1::-1]
    assert decoded.shape[0] == (512 if first == "real" else 16)


@pytest.mark.parametrize("tile", [None, (128, 64)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 10))
def test_however_it_is_to_be_held_and_stored_it_comes_out_upright(
    astronaut: NDArray[np.uint8],
    orientation: int,
    order: Literal["<", ">"],
    tile: tuple[int, int] | None,
) -> None:
    stored = astronaut[:300, 50:450]
    stream = io.BytesIO()
    tags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(stream, stored, byteorder=order, tile=tile, photometric="rgb", extratags=tags)
    held = Image.fromarray(stored)
    held.getexif()[274] = orientation
    upright = np.asarray(ImageOps.exif_transpose(held))
    pixels = decode_picture("tiff", stream.getvalue(), MediaLimits()).pixels
    assert pixels.shape == upright.shape
    assert (pixels == upright).all()
