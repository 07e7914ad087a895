"""Where the event loop may be waited for, and where it may not."""

import asyncio
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from service.analysis import Options
from service.errors import ConfigurationError
from service.inference.model_file import ModelFile
from service.media.upload import Upload
from service.media.workers import MediaWorkers
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


def test_a_start_that_fails_leaves_no_stage_running(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the stages is still being started."""

    async def fails(workers: MediaWorkers) -> None:
        raise ConfigurationError("The media workers fail to start")

    monkeypatch.setattr(MediaWorkers, "start", fails)

    async def scenario() -> None:
        with pytest.raises(ConfigurationError, match="fail to start"):
            async with open_pipeline(Settings(model=model_path), Telemetry()):
                pytest.fail("it has not started")
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not [each for each in threading.enumerate() if each.name.startswith("session-")]

    asyncio.run(scenario())


def test_the_log_tells_which_model_runs(model: ModelFile, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(model=model.path, device="cpu", precision="float32")

    async def scenario() -> None:
        async with open_pipeline(settings, Telemetry()):
            pass

    with caplog.at_level("INFO", "service.opening"):
        asyncio.run(scenario())
    name, version, digest = model.spec.name, model.spec.version, model.sha256[:12]
    assert caplog.messages == [f"{name} {version} (float32, sha256 {digest}) runs on cpu"]


def test_encoding_the_masks_is_part_of_the_report_stage(
    astronaut: NDArray[np.uint8], model_path: Path
) -> None:
    async def scenario() -> float:
        telemetry = Telemetry()
        async with open_pipeline(Settings(model=model_path), telemetry) as pipeline:
            with pipeline.admission.permit() as permit:
                deadline = asyncio.get_running_loop().time() + 30.0
                await pipeline.analyze(
                    Upload(encode(astronaut)),
                    Options(),
                    permit,
                    deadline,
                    lambda _: time.sleep(0.3),
                )
        found = telemetry.registry.get_sample_value("unmask_stage_seconds_sum", {"stage": "report"})
        assert found is not None
        return found

    assert 0.3 < asyncio.run(scenario()) < 3.0
