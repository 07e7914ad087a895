"""Pictures become upright RGB, or a typed error."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.errors import MediaCorruptError
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from tests.media_files import encode, with_orientation


def decode(data: bytes) -> NDArray[np.uint8]:
    return decode_picture(sniff(data).name, data, MediaLimits()).pixels


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff"])
def test_lossless_pictures_come_back_exactly(astronaut: NDArray[np.uint8], extension: str) -> None:
    assert np.array_equal(decode(encode(astronaut, extension)), astronaut)


@pytest.mark.parametrize("extension", [".jpg", ".webp"])
def test_lossy_pictures_keep_their_colour_order(
    astronaut: NDArray[np.uint8], extension: str
) -> None:
    assert difference(decode(encode(astronaut, extension)), astronaut) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(
    astronaut: NDArray[np.uint8], orientation: int, kind: str
) -> None:
    stored = astronaut[:160, :240]
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }[orientation]
    data = with_orientation(stored, orientation, kind)  # type: ignore[arg-type]
    assert difference(decode(data), upright) < 6


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "LA", "RGBA", "I;16"])
def test_other_colour_models_become_rgb(astronaut: NDArray[np.uint8], mode: str) -> None:
    picture = Image.fromarray(astronaut[:64, :96])
    if mode == "I;16":
        grey = np.asarray(picture.convert("L"), np.uint16) * 257
        _, encoded = cv2.imencode(".png", grey)
        data = encoded.tobytes()
    else:
        buffer = io.BytesIO()
        picture.convert(mode).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
        data = buffer.getvalue()
    pixels = decode(data)
    assert pixels.dtype == np.uint8
    tolerance = 90 if mode == "1" else 60  # grey against colour
    assert difference(pixels, astronaut[:64, :96]) < tolerance


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_picture_that_ends_early_is_refused_whole(
    astronaut: NDArray[np.uint8], extension: str, share: float
) -> None:
    data = encode(astronaut, extension)
    with pytest.raises(MediaCorruptError):
        decode(data[: int(len(data) * share)])


def test_a_progressive_jpeg_that_ends_early_is_refused(astronaut: NDArray[np.uint8]) -> None:
    parameters = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    _, encoded = cv2.imencode(".jpg", astronaut, parameters)
    data = encoded.tobytes()
    assert decode(data).shape == astronaut.shape
    with pytest.raises(MediaCorruptError):
        decode(data[: len(data) * 9 // 10])


JPEGS: dict[str, dict[str, Any]] = {
    "usual": {},
    "whole colours": {"subsampling": 0},
    "restarts": {"restart_marker_blocks": 5},
    "own tables": {"optimize": True},
    "coarse": {"quality": 5},
    "fine": {"quality": 100},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_ends_early_is_refused_although_it_is_closed(
    astronaut: NDArray[np.uint8], kind: str, mode: str
) -> None:
    buffer = io.BytesIO()
    # A size that is no multiple of a block's.
    picture = Image.fromarray(astronaut[:203, :331]).convert(mode)
    picture.save(buffer, "JPEG", **JPEGS[kind])
    data = buffer.getvalue()
    usual = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB))
    for behind in (b"", b"\x00", b"\xff\xd8 another picture \xff\xd9"):
        assert np.array_equal(decode(data + behind), usual)
    start = data.index(b"\xff\xda") + 14
    for share in (0.05, 0.3, 0.6, 0.95):
        cut = data[: start + int((len(data) - 2 - start) * share)].rstrip(b"\xff")
        for end in (b"\xff\xd9", b"\xff\xff\xd9", b"\xff\xfe\x00\x02\xff\xd9"):
            with pytest.raises(MediaCorruptError):
                decode(cut + end)


def test_a_thumbnail_in_a_jpeg_is_not_its_end(astronaut: NDArray[np.uint8]) -> None:
    data, small = encode(astronaut), encode(astronaut[:64, :64])
    segment = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    assert np.array_equal(decode(data[:2] + segment + data[2:]), decode(data))


def test_bytes_that_only_begin_like_a_picture_are_corrupt() -> None:
    noise = np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*"):
        with pytest.raises(MediaCorruptError):
            decode(start + noise)
