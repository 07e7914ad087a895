"""Real media files made in memory, with every quirk the tests need."""

import io
import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

# Container -> (PyAV format, video codec, pixel format, audio codec).
CONTAINERS = {
    "mp4": ("mp4", "libx264", "yuv420p", "aac"),
    "mov": ("mov", "libx264", "yuv420p", "aac"),
    "webm": ("webm", "libvpx-vp9", "yuv420p", "libopus"),
    "mkv": ("matroska", "libx264", "yuv420p", "libopus"),
    "avi": ("avi", "mpeg4", "yuv420p", "mp2"),
    "hevc": ("mp4", "libx265", "yuv420p", "aac"),
    "av1": ("mp4", "libsvtav1", "yuv420p", "aac"),
}
_QUIET = {"libx265": {"x265-params": "log-level=none"}}
_MILLISECONDS = Fraction(1, 1000)


def encode(pixels: Pixels, extension: str = ".jpg", quality: int = 92) -> bytes:
    """Encode a uint8 RGB picture with OpenCV."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality] if extension == ".jpg" else []
    ok, data = cv2.imencode(extension, pixels[:, :, ::-1], parameters)
    assert ok
    return data.tobytes()


def with_orientation(
    pixels: Pixels, orientation: int, kind: Literal["JPEG", "PNG", "WEBP", "TIFF"] = "JPEG"
) -> bytes:
    """Encode stored pixels with an EXIF orientation tag (1 to 8)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, exif=exif)
    return buffer.getvalue()


def animated(
    frames: Sequence[Pixels], durations_ms: Sequence[int], kind: Literal["GIF", "PNG", "WEBP"]
) -> bytes:
    """Encode an animated GIF, PNG or WebP."""
    first, *rest = [Image.fromarray(pixels) for pixels in frames]
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=rest, duration=list(durations_ms))
    return buffer.getvalue()


def clip(
    frames: Sequence[Pixels],
    container: str = "mp4",
    *,
    times_ms: Sequence[int] | None = None,
    rotation: int = 0,
    pixel_aspect: Fraction = Fraction(1),
    audio: bool = False,
    keyframe_every: int = 12,
) -> bytes:
    """Encode a clip.

    times_ms: presentation time of each frame; 40 ms apart by default. Unequal steps make a clip
        of variable frame rate.
    rotation: counter-clockwise degrees by which a player turns the stored frames.
    pixel_aspect: width of a stored pixel by its height, as it is to be shown.
    audio: adds a track of a quiet tone.
    """
    name, codec, pixel_format, audio_codec = CONTAINERS[container]
    times = list(times_ms) if times_ms is not None else [40 * i for i in range(len(frames))]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=name) as output:
        video = output.add_stream(codec, rate=25, options=_QUIET.get(codec, {}))
        assert isinstance(video, av.VideoStream)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixel_format
        # MPEG-4 part 2 in AVI counts frames instead of storing times.
        video.time_base = video.codec_context.time_base = (
            Fraction(1, 25) if container == "avi" else _MILLISECONDS
        )
        video.codec_context.gop_size = keyframe_every
        video.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation:
            video.set_display_rotation(rotation)
        sound = output.add_stream(audio_codec, rate=48000) if audio else None
        for pixels, time_ms in zip(frames, times, strict=True):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            picture.time_base = video.codec_context.time_base
            picture.pts = round(time_ms / 1000 / picture.time_base)
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        if sound is not None:
            assert isinstance(sound, av.AudioStream)
            _add_tone(output, sound, (times[-1] + 40) / 1000)
    if codec == "libsvtav1":
        # It makes a realtime thread of the one that calls it, where that is root's: nothing else
        # would get a core any more, nor would a server started from here be what users start.
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return buffer.getvalue()


def _add_tone(output: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples, done = int(48000 * seconds), 0
    while done < samples:
        count = min(1024, samples - done)
        wave = 0.05 * np.sin(2 * np.pi * 440 * (done + np.arange(count)) / 48000)
        frame = av.AudioFrame.from_ndarray(
            wave.astype(np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48000, done, Fraction(1, 48000)
        output.mux(stream.encode(frame))
        done += count
    output.mux(stream.encode(None))


def moving(pixels: Pixels, count: int, step: int = 4) -> list[Pixels]:
    """A still picture made to pan: `count` frames, each moved right by `step` more pixels."""
    return [np.roll(pixels, step * i, axis=1) for i in range(count)]


def face_at(pixels: Pixels, face: Pixels, left: int, top: int) -> Pixels:
    """A copy of a picture with another pasted in, cut off where it reaches over the edge."""
    out = pixels.copy()
    height, width = out.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + face.shape[1], width), min(top + face.shape[0], height)
    if x0 < x1 and y0 < y1:
        out[y0:y1, x0:x1] = face[y0 - top : y1 - top, x0 - left : x1 - left]
    return out
