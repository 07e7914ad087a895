"""Where the event loop may be waited for, and where it may not."""

import asyncio
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from service.analysis import Options
from service.media.upload import Upload
from service.opening import open_pipeline
from service.settings import Settings
from service.telemetry import Telemetry
from tests.media_files import clip, encode


def test_only_the_report_of_a_small_picture_is_built_on_the_event_loop(
    astronaut: NDArray[np.uint8], model_path: Path
) -> None:
    large = np.asarray(cv2.resize(astronaut, (1200, 1200)), np.uint8)
    uploads = {
        "small picture": encode(astronaut),
        "large picture": encode(large),
        "small clip": clip([astronaut[:256, :256]] * 4),
    }

    async def reported() -> dict[str, bool]:
        settings = Settings(model=model_path)
        async with open_pipeline(settings, Telemetry()) as pipeline:
            found = {}
            for name, data in uploads.items():
                with pipeline.admission.permit() as permit:
                    deadline = asyncio.get_running_loop().time() + 30.0
                    _, thread = await pipeline.analyze(
                        Upload(data),
                        Options(),
                        permit,
                        deadline,
                        lambda _: threading.current_thread(),
                    )
                    found[name] = thread is threading.current_thread()
            return found

    on_the_loop = asyncio.run(reported())
    assert on_the_loop == {"small picture": True, "large picture": False, "small clip": False}
