"""Tracks beside a clip's pictures keep no worker from reading it, warm ones that open nothing."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import av
import numpy as np

from service.faces.extract import extract, warm_up
from service.faces.extraction import ANSWERS, Extraction
from service.faces.plan import ExtractionPlan
from service.media.isolation import environment
from service.media.upload import Upload
from service.media.workers import MediaWorkers
from tests.service.media.odd_clips import make

PLAN = ExtractionPlan()
FRAMES = 10
# PyAV's own program, and what fetches examples for its documentation.
NOT_OF_A_READER = {"av.__main__", "av.datasets"}

Output = av.container.OutputContainer
Add = Callable[[Output, av.VideoStream], object]


def with_track(container: str, add: Add) -> bytes:
    """A clip with a track that is added to its pictures, and is empty but for its header."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        add(output, video)
        for number in range(FRAMES):
            pixels = np.full((64, 64, 3), 20 * number, np.uint8)
            output.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(video.encode(None))
    return stream.getvalue()


def _subtitles(codec: str) -> Add:
    return lambda output, _: output.add_mux_stream(codec)


def _styled_subtitles(output: Output, _: av.VideoStream) -> None:
    output.add_stream("ass")


def _attachment(output: Output, _: av.VideoStream) -> None:
    output.add_attachment("a.ttf", "application/x-truetype-font", b"letters")


def _timecode(_: Output, video: av.VideoStream) -> None:
    video.metadata["timecode"] = "01:00:00:00"


TRACKS: dict[str, tuple[str, str, Add]] = {
    "ass": ("matroska", "subtitle", _styled_subtitles),
    "subrip": ("matroska", "subtitle", _subtitles("subrip")),
    "dvd_subtitle": ("matroska", "subtitle", _subtitles("dvd_subtitle")),
    "mov_text in MP4": ("mp4", "subtitle", _subtitles("mov_text")),
    "mov_text in MOV": ("mov", "subtitle", _subtitles("mov_text")),
    "attachment": ("matroska", "attachment", _attachment),
    "timecode": ("mov", "data", _timecode),
}


def kinds(data: bytes) -> list[str]:
    with av.open(io.BytesIO(data)) as opened:
        return [stream.type for stream in opened.streams]


def read_by_one_worker(files: list[bytes]) -> list[Any]:
    async def run() -> list[Any]:
        workers = MediaWorkers(1, 2**30, partial(warm_up, PLAN.detector), ANSWERS)
        await workers.start()
        try:
            jobs = [workers.run(extract, Upload(data), PLAN, timeout_s=20) for data in files]
            return await asyncio.gather(*jobs, return_exceptions=True)
        finally:
            await workers.close()

    return asyncio.run(run())


def test_a_clip_is_read_whatever_track_is_beside_its_pictures() -> None:
    files = {"sound": make(range(0, 40 * FRAMES, 40), sound_s=0.4)}
    for name, (container, kind, add) in TRACKS.items():
        files[name] = with_track(container, add)
        assert kinds(files[name]) == ["video", kind]
    read = dict(zip(files, read_by_one_worker([*files.values()]), strict=True))
    assert [name for name, each in read.items() if not isinstance(each, Extraction)] == []
    assert {each.media.frames_total for each in read.values()} == {FRAMES}


def test_all_of_pyav_is_there_before_a_worker_is_warm() -> None:
    script = (
        "import pkgutil, sys, av, service.faces.extract\n"
        "known = {each.name for each in pkgutil.walk_packages(av.__path__, 'av.')}\n"
        "print(*known - set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, check=True, env=environment())
    assert set(told.stdout.decode().split()) == NOT_OF_A_READER
