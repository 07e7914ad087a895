"""Files on disk through the pipeline, for the command line."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from service.analysis import Analysis, Options
from service.errors import InvalidRequestError, MediaTooLargeError
from service.media.upload import Upload
from service.pipeline import Pipeline
from service.verdict.mask import encode_png

_PIECE_BYTES = 4 * 2**20


def read_file(path: Path, max_bytes: int) -> Upload:
    """A file as an upload. Raises InvalidRequestError or MediaTooLargeError."""
    try:
        # Not by its stated size: a pipe or a device has none.
        data = bytearray()
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                data += piece
                if len(data) > max_bytes:
                    raise MediaTooLargeError(
                        f"The file is larger than {max_bytes} bytes.", limit="bytes"
                    )
        return Upload(bytes(data))
    except OSError as error:
        raise InvalidRequestError(f"The file cannot be read: {error.strerror}.") from error


async def analyze_file(
    pipeline: Pipeline, upload: Upload, options: Options, deadline_s: float
) -> Analysis:
    """The report on one file. Raises UnmaskError."""
    with pipeline.admission.permit() as permit:
        deadline = asyncio.get_running_loop().time() + deadline_s
        analysis, _ = await pipeline.analyze(upload, options, permit, deadline, lambda _: None)
        return analysis


async def write_pictures(
    pipeline: Pipeline,
    upload: Upload,
    analysis: Analysis,
    options: Options,
    *,
    deadline_s: float,
    target: Path,
) -> None:
    """Write TARGET.mask.png and TARGET.overlay.jpg of the most incriminating frame.

    Of a clip also TARGET.overlay.webp, an animation of all analysed frames. Without a face there
    is nothing to draw, and nothing is written. options: those of the analysis.
    Raises UnmaskError, InvalidRequestError where the folder cannot be written to.
    """
    mask = analysis.report.mask
    if mask is None:
        return
    deadline = asyncio.get_running_loop().time() + deadline_s
    pictures = {
        "mask.png": await asyncio.to_thread(encode_png, mask.pixels),
        "overlay.jpg": await pipeline.worst_frame(upload, analysis, options, deadline),
    }
    if analysis.report.media.kind == "video":
        pictures["overlay.webp"] = await pipeline.overlay(upload, analysis, options, deadline)
    try:
        await asyncio.to_thread(_write, target, pictures)
    except OSError as error:
        raise InvalidRequestError(f"The folder cannot be written: {error.strerror}.") from error


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """A file name for each path; paths whose names are alike are numbered: a.jpg, a.jpg-2."""
    names: list[str] = []
    for path in paths:
        name, number = path.name, 1
        while name in names:
            number += 1
            name = f"{path.name}-{number}"
        names.append(name)
    return names


def _write(target: Path, pictures: dict[str, bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in pictures.items():
        written = target.with_name(f"{target.name}.{suffix}")
        with written.open("wb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                # A part of a picture looks like a whole one.
                written.unlink(missing_ok=True)
                raise
