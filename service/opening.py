"""Starts the stages of a pipeline, and stops them."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from platform import python_version
from typing import Any

from service.devices import Equipment, equip, media_workers, one_for_each_session, session_plan
from service.faces.extraction import ANSWERS
from service.inference.admission import Admission
from service.inference.batcher import BatchQueue
from service.inference.device import Device
from service.inference.pool import InferencePool
from service.inference.session import Session
from service.media.workers import MediaWorkers
from service.pipeline import Pipeline
from service.runtime import device_memory_bytes
from service.settings import Settings
from service.telemetry import Telemetry
from service.verdict.rendering import warm_up

_log = logging.getLogger(__name__)

_OVERLAY_BYTES = 256 * 2**20
_BESIDE_CROP_BYTES = 1024
"""Of where a crop lies and how good it is: far more than that takes."""


@asynccontextmanager
async def open_pipeline(
    settings: Settings, telemetry: Telemetry, equipment: Equipment | None = None
) -> AsyncIterator[Pipeline]:
    """Start every stage, warmed, and stop them at the end. Raises ConfigurationError.

    equipment: that of the settings, where they have been seen to already.
    """
    if equipment is None:
        equipment = await asyncio.to_thread(equip, settings)
    runtime, model, devices = equipment.runtime, equipment.model, equipment.devices
    _log.info("%s runs on %s", model.label, ", ".join(device.name for device in devices))
    media = MediaWorkers(
        media_workers(settings),
        settings.media.memory_bytes,
        partial(warm_up, settings.faces.plan()),
        ANSWERS,
        lost=telemetry.media_worker_lost,
        lifetime_s=settings.media.lifetime_s,
        most_answer_bytes=_most_answer_bytes(settings, model.spec.crop_rule.size),
    )
    queue = BatchQueue(settings.inference.linger_s)
    plan = session_plan(settings)
    pool = InferencePool(
        one_for_each_session(devices, settings),
        lambda device: Session(model, device, plan, runtime),
        queue,
        telemetry,
    )
    loop = asyncio.get_running_loop()
    admission = Admission(
        settings.inference.capacity_crops,
        settings.media.capacity_bytes,
        loop.time,
        telemetry.refused,
    )
    telemetry.upload_bytes.set_function(lambda: admission.bytes_in_use)
    telemetry.workers.labels("media").set_function(lambda: media.working)
    telemetry.workers.labels("inference").set_function(lambda: pool.working)
    telemetry.queue_crops.set_function(lambda: pool.queued_crops)
    telemetry.expect(model.spec.methods)
    telemetry.build_info.labels(version("unmask"), runtime.version, python_version()).set(1)
    for device in devices:
        telemetry.model_info.labels(
            *(model.spec.name, model.spec.version, model.sha256),
            *(device.provider, model.spec.precision),
        ).set(1)
        if device_memory_bytes(device.index) is not None:
            gauge = telemetry.device_memory.labels(device.name)
            gauge.set_function(partial(_memory, device))
    try:
        await _all_of(pool.start(), media.start())
        yield Pipeline(
            settings,
            model,
            media=media,
            pool=pool,
            admission=admission,
            telemetry=telemetry,
            onnxruntime=runtime.version,
        )
    finally:
        await pool.stop()
        await media.close()


async def _all_of(*starts: Coroutine[Any, Any, None]) -> None:
    """Wait for every start; where one fails, the others are over before its error is raised.

    One that went on would open what has been stopped.
    """
    tasks = [asyncio.ensure_future(start) for start in starts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _most_answer_bytes(settings: Settings, side: int) -> int:
    """Room for every crop that one request may be given, and for an overlay."""
    crops = settings.media.max_frames * settings.faces.max_faces
    return max(_OVERLAY_BYTES, crops * (3 * side**2 + _BESIDE_CROP_BYTES))


def _memory(device: Device) -> float:
    used = device_memory_bytes(device.index)
    return math.nan if used is None else float(used)
