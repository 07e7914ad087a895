"""Files damaged in every way: each gives a result or a typed error, in time."""

import asyncio
import functools
import struct
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import UnmaskError
from service.faces.extract import extract, warm_up
from service.faces.extraction import ANSWERS, Extraction
from service.faces.plan import ExtractionPlan
from service.media.limits import MediaLimits
from service.media.upload import Upload
from service.media.workers import MediaWorkers
from tests.media_files import animated, clip, encode, moving
from tests.service.media.odd_clips import animated_png

Pixels = NDArray[np.uint8]
Generator = np.random.Generator
PLAN = ExtractionPlan(limits=MediaLimits(max_pixels=2_000_000, max_frames_total=500), frames=4)
DAMAGED = 48
HEADER = 400


def random_bytes(data: bytes, dice: Generator) -> bytes:
    """A few bytes anywhere."""
    out = bytearray(data)
    for at in dice.integers(0, len(out), dice.integers(1, 24)):
        out[at] = dice.integers(0, 256)
    return bytes(out)


def flipped_header(data: bytes, dice: Generator) -> bytes:
    """Single bits where the container describes itself."""
    out = bytearray(data)
    for at in dice.integers(4, min(HEADER, len(out)), dice.integers(1, 8)):
        out[at] ^= 1 << dice.integers(0, 8)
    return bytes(out)


def extreme_number(data: bytes, dice: Generator) -> bytes:
    """A size or a count that is nothing, negative or enormous, at either end of the file."""
    value = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00FFFFFF][dice.integers(6)]
    start = int(dice.choice([4, max(4, len(data) - HEADER)]))
    at = min(start + int(dice.integers(HEADER)), len(data) - 4)
    packed = struct.pack([">I", "<I"][dice.integers(2)], value)
    return data[:at] + packed + data[at + 4 :]


def cut_off(data: bytes, dice: Generator) -> bytes:
    """The beginning only."""
    return data[: int(dice.integers(12, len(data)))]


def piece_repeated(data: bytes, dice: Generator) -> bytes:
    """A piece of the file once more, somewhere."""
    start, length, to = (int(dice.integers(len(data))) for _ in range(3))
    return data[:to] + data[start : start + length] + data[to:]


def piece_missing(data: bytes, dice: Generator) -> bytes:
    """A hole in the middle."""
    start, length = int(dice.integers(12, len(data))), int(dice.integers(1, len(data) // 4))
    return data[:start] + data[start + length :]


DAMAGES: tuple[Callable[[bytes, Generator], bytes], ...] = (
    random_bytes,
    flipped_header,
    extreme_number,
    cut_off,
    piece_repeated,
    piece_missing,
)


@pytest.mark.parametrize(
    "kind",
    [
        *("mp4", "mov", "webm", "mkv", "avi", "GIF", "WEBP", "PNG"),
        *(".jpg", ".png", ".webp", ".bmp", ".tiff"),
    ],
)
def test_a_damaged_file_costs_nothing_but_its_own_answer(
    kind: str, astronaut: Pixels, astronaut_jpeg: bytes
) -> None:
    frames = moving(astronaut[80:176, 176:272], 6)
    if kind == "PNG":
        whole = animated_png(frames, [40] * 6, hidden=False)
    elif kind.startswith("."):
        whole = encode(frames[0], kind)
    elif kind.isupper():
        whole = animated(frames, [40] * 6, "GIF" if kind == "GIF" else "WEBP")
    else:
        whole = clip(frames, kind, keyframe_every=3)
    dice = np.random.default_rng(sum(kind.encode()))
    files = [DAMAGES[i % len(DAMAGES)](whole, dice) for i in range(DAMAGED)]

    async def attacked() -> None:
        workers = MediaWorkers(2, 2**30, functools.partial(warm_up, PLAN.detector), ANSWERS)
        await workers.start()
        try:
            jobs = [workers.run(extract, Upload(data), PLAN, timeout_s=5) for data in files]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            strange = [each for each in results if not isinstance(each, Extraction | UnmaskError)]
            assert strange == []
            # Every byte of a still PNG has a checksum.
            assert any(isinstance(each, Extraction) for each in results) == (kind != ".png")
            assert any(isinstance(each, UnmaskError) for each in results)
            after = await workers.run(extract, Upload(astronaut_jpeg), PLAN, timeout_s=5)
            assert len(after.crops) == 1
            assert workers.alive()
        finally:
            await workers.close()

    asyncio.run(attacked())
