"""A request is held to the settings, and what a worker says of it is checked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.analysis import Analysis, Options
from service.errors import OverloadedError
from service.faces.extraction import Extraction
from service.inference.admission import Kind, Permit
from service.media.upload import Upload
from service.media.workers import MediaWorkers
from service.opening import open_pipeline
from service.pipeline import Pipeline
from service.settings import (
    FacesSettings,
    InferenceSettings,
    MediaSettings,
    Settings,
    VerdictSettings,
)
from service.telemetry import Telemetry
from service.verdict.report import build_report
from service.verdict.support import SupportRule
from tests.media_files import clip, encode, moving
from tests.service.verdict.faces import SPEC, evidence, extraction, face

MUCH = Options(max_frames=50, max_faces=5)


def with_pipeline(
    settings: Settings,
    scenario: Callable[[Pipeline], Awaitable[None]],
    telemetry: Telemetry | None = None,
) -> None:
    async def run() -> None:
        async with open_pipeline(settings, telemetry or Telemetry()) as pipeline:
            await scenario(pipeline)

    asyncio.run(run())


def soon() -> float:
    return asyncio.get_running_loop().time() + 30.0


async def asked(
    pipeline: Pipeline, data: bytes, permit: Permit, options: Options = MUCH
) -> Analysis:
    found, _ = await pipeline.analyze(Upload(data), options, permit, soon(), lambda _: None)
    return found


@dataclass(frozen=True)
class Heard:
    """One job of the decoding workers."""

    arguments: tuple[Any, ...]
    plausible: Callable[[object], bool]
    answer: Any


@pytest.fixture
def overheard(monkeypatch: pytest.MonkeyPatch) -> list[Heard]:
    """What is asked of the workers, how their answers are checked, and what they answer."""
    jobs: list[Heard] = []
    run = MediaWorkers.run

    async def listening(self: MediaWorkers, *arguments: Any, **named: Any) -> Any:
        answer = await run(self, *arguments, **named)
        jobs.append(Heard(arguments, named["plausible"], answer))
        return answer

    monkeypatch.setattr(MediaWorkers, "run", listening)
    return jobs


@pytest.fixture
def strict(model_path: Path) -> Settings:
    """Few frames, one face, a large one, and room for six crops."""
    return Settings(
        model=model_path,
        media=MediaSettings(workers=2, frames=4, max_frames=6),
        faces=FacesSettings(max_faces=1),
        inference=InferenceSettings(capacity_crops=6),
        verdict=VerdictSettings(min_face_px=200),
    )


def test_no_more_faces_are_kept_than_the_settings_allow(
    strict: Settings, astronaut: NDArray[np.uint8]
) -> None:
    two = encode(np.hstack([astronaut, astronaut[:, ::-1]]))

    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            report = (await asked(pipeline, two, permit)).report
        assert [each.reasons for each in report.faces] == [("face_too_small",)]
        assert "faces_left_out" in report.warnings

    with_pipeline(strict, scenario)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_clip_takes_the_room_of_clips_however_few_of_its_frames_are_asked_for(
    strict: Settings, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[tuple[int, Kind]] = []
    grey = clip([np.full((64, 64, 3), 90 + i, np.uint8) for i in range(12)])

    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            monkeypatch.setattr(permit, "grow", lambda *asked: asked_for.append(asked))
            await asked(pipeline, grey, permit, Options(max_frames=frames))
        assert asked_for == [(frames, Kind.CLIP)]

    with_pipeline(strict, scenario)


def test_a_clip_takes_room_for_its_frames_until_its_faces_are_known(strict: Settings) -> None:
    grey = clip([np.full((64, 64, 3), 90 + i, np.uint8) for i in range(12)])

    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            report = (await asked(pipeline, grey, permit)).report
            assert report.media.frames_analyzed == 6
            assert (permit.most, permit.crops) == (6, 1)
        with pipeline.admission.permit(), pipeline.admission.permit() as permit:
            late = asked(pipeline, grey, permit)
            with pytest.raises(OverloadedError):
                await late
        assert pipeline.admission.in_use == 0

    with_pipeline(strict, scenario)


def test_clips_and_pictures_get_in_beside_one_another_however_often_they_come(
    strict: Settings, astronaut_jpeg: bytes
) -> None:
    roomy = strict.model_copy(
        update={
            "media": MediaSettings(workers=2, frames=4, max_frames=4),
            "inference": InferenceSettings(capacity_crops=8),
        }
    )
    grey = clip([np.full((64, 64, 3), 90 + i, np.uint8) for i in range(12)])
    answered = {grey: asyncio.Semaphore(0), astronaut_jpeg: asyncio.Semaphore(0)}

    async def scenario(pipeline: Pipeline) -> None:
        async def client(file: bytes) -> None:
            while True:
                try:
                    with pipeline.admission.permit() as permit:
                        await asked(pipeline, file, permit)
                    answered[file].release()
                except OverloadedError:
                    await asyncio.sleep(0.001)

        async with asyncio.TaskGroup() as group:
            clients = [group.create_task(client(file)) for file in answered for _ in range(8)]
            for enough in answered.values():
                for _ in range(10):
                    await enough.acquire()
            for each in clients:
                each.cancel()

    with_pipeline(roomy, scenario)


def test_a_service_whose_workers_are_gone_is_not_ready(strict: Settings) -> None:
    async def scenario(pipeline: Pipeline) -> None:
        assert pipeline.problem() is None
        await pipeline.media.close(drain_s=0)
        assert "media" in (pipeline.problem() or "")

    with_pipeline(strict, scenario)


def test_finds_below_the_settings_score_are_no_faces(
    astronaut_jpeg: bytes, model_path: Path
) -> None:
    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            found = await asked(pipeline, astronaut_jpeg, permit)
        assert found.report.verdict == "no_face"

    with_pipeline(Settings(model=model_path, faces=FacesSettings(min_score=1.0)), scenario)


def test_what_a_worker_cannot_have_found_is_not_believed(
    astronaut_jpeg: bytes, model_path: Path, overheard: list[Heard]
) -> None:
    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            await asked(pipeline, astronaut_jpeg, permit)

    with_pipeline(Settings(model=model_path), scenario)
    (heard,) = overheard
    taken: Extraction = heard.answer
    assert heard.plausible(taken)
    assert not heard.plausible(replace(taken, media=replace(taken.media, width=10**6)))


def test_stages_are_timed_as_the_report_tells(astronaut_jpeg: bytes, model_path: Path) -> None:
    telemetry = Telemetry()

    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            timing = (await asked(pipeline, astronaut_jpeg, permit)).timing
        for stage in ("queue", "inference"):
            name, labels = "unmask_stage_seconds_sum", {"stage": stage}
            told = telemetry.registry.get_sample_value(name, labels)
            assert told == pytest.approx(getattr(timing, stage))

    with_pipeline(Settings(model=model_path), scenario, telemetry)


def test_the_frame_that_is_shown_is_the_masks(
    astronaut: NDArray[np.uint8], model_path: Path, overheard: list[Heard]
) -> None:
    upload = Upload(clip(moving(astronaut[:300], 3)))

    async def scenario(pipeline: Pipeline) -> None:
        with pipeline.admission.permit() as permit:
            found = await asked(pipeline, upload.data, permit)
        seen = extraction([face(frame=i) for i in range(3)], frames=3)
        said = [evidence(x) for x in (1.0, 5.0, 4.0)]
        report = build_report(seen, said, SPEC, SupportRule(32, 1.0))
        await pipeline.worst_frame(upload, replace(found, report=report), MUCH, soon())

    with_pipeline(Settings(model=model_path), scenario)
    assert overheard[-1].arguments[-1] == 1
