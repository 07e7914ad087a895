"""Files on disk through the pipeline, for the command line."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import cv2

from service.errors import InvalidRequestError, MediaTooLargeError
from service.media.animated_webp import AnimatedWebp
from service.media.clips import Clip
from service.media.limits import MediaLimits
from service.media.pictures import decode_picture
from service.media.sniff import sniff
from service.media.upload import Upload
from service.pipeline import Analysis, Options, Pipeline
from service.verdict.findings import Report
from service.verdict.mask import Mask, encode_png
from service.verdict.overlay import draw_overlay

Boxes = tuple[tuple[str, int, int, int, int], ...]


def read_file(path: Path, max_bytes: int) -> Upload:
    """A file as an upload. Raises InvalidRequestError or MediaTooLargeError."""
    try:
        if path.stat().st_size > max_bytes:
            raise MediaTooLargeError(f"The file is larger than {max_bytes} bytes.", limit="bytes")
        return Upload(path.read_bytes(), name=path.name)
    except OSError as error:
        raise InvalidRequestError(f"The file cannot be read: {error.strerror}.") from error


async def analyze_file(
    pipeline: Pipeline, upload: Upload, options: Options, deadline_s: float
) -> Analysis:
    """The report on one file. Raises UnmaskError."""
    with pipeline.admission.permit() as permit:
        deadline = asyncio.get_running_loop().time() + deadline_s
        return await pipeline.analyze(upload, options, permit, deadline)


async def write_pictures(pipeline: Pipeline, upload: Upload, report: Report, folder: Path) -> None:
    """Write NAME.mask.png and NAME.overlay.jpg of the most incriminating frame.

    Without a face there is no mask, and nothing is written. Raises UnmaskError.
    """
    if report.mask is None or upload.name is None:
        return
    mask = report.mask
    boxes = tuple(
        (
            face.verdict,
            round(face.box.x),
            round(face.box.y),
            round(face.box.width),
            round(face.box.height),
        )
        for face in report.faces
        if face.mask.frame_index == mask.frame_index
    )
    # The frame never left its worker, so the overlay is drawn in one as well.
    order = OverlayOrder(
        pipeline.limits, report.media.frames_analyzed, mask.frame_index, mask.pixels, boxes
    )
    overlay = await pipeline.media.run(
        overlay_jpeg, upload, order, timeout_s=pipeline.decode_timeout_s
    )
    pictures = {"mask.png": encode_png(mask.pixels), "overlay.jpg": overlay}
    await asyncio.to_thread(_write, folder, upload.name, pictures)


@dataclass(frozen=True, slots=True)
class OverlayOrder:
    """Which frame to draw on, and what.

    frames: how many frames were sampled; index: the one wanted.
    mask: uint8 (H, W), 255 = manipulated. boxes: (verdict, x, y, width, height).
    """

    limits: MediaLimits
    frames: int
    index: int
    mask: Mask
    boxes: Boxes


def overlay_jpeg(upload: Upload, order: OverlayOrder) -> bytes:
    """Decode one analysed frame again and draw on it; a JPEG. Runs in a media worker."""
    media_format = sniff(upload.data)
    if media_format.family == "picture":
        pixels = decode_picture(media_format.name, upload.data, order.limits).pixels
    else:
        moving = (
            AnimatedWebp(upload.data, order.limits)
            if media_format.name == "webp"
            else Clip(media_format.name, upload.data, order.limits)
        )
        sampled = moving.frames(order.frames)
        pixels = next(frame.pixels for frame in sampled if frame.index == order.index)
    drawn = draw_overlay(pixels, order.mask, order.boxes)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def _write(folder: Path, name: str, pictures: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in pictures.items():
        (folder / f"{name}.{suffix}").write_bytes(content)
