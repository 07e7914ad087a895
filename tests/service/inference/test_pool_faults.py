"""Sessions that hang, die of a crop, or fail with whatever they are given."""

import asyncio
import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import UnmaskError
from service.inference.batcher import BatchQueue
from service.inference.device import Device
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.inference.test_pool import GOOD, Counts, later, started
from tests.service.media.worker_pool import until

Crops = Sequence[NDArray[np.uint8]]
FATAL: NDArray[np.uint8] = np.full((256, 256, 3), 13, np.uint8)


class Scripted(Session):
    """A real session to which something happens first."""

    happens: Callable[[Crops], object]

    def run(self, crops: Crops, mask_floor: float = -math.inf) -> list[Evidence]:
        """See `Session`."""
        self.happens(crops)
        return super().run(crops, mask_floor)


def test_a_session_that_does_not_answer_shows_until_it_does(
    model: ModelFile, runtime: Runtime
) -> None:
    go_on = threading.Event()

    def opened(device: Device) -> Session:
        session = Scripted(model, device, PLAN, runtime)
        # Before it is ready a session is tried with a blank crop.
        session.happens = lambda crops: crops[0].any() and go_on.wait(30.0)
        return session

    async def scenario() -> None:
        pool = InferencePool([CPU], opened, BatchQueue(), Counts(), stall_s=0.1)
        await pool.start()
        try:
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await until(lambda: "does not answer" in (pool.problem() or ""))
            go_on.set()
            await waiting
            await until(lambda: pool.problem() is None)
        finally:
            go_on.set()
            await pool.stop()

    asyncio.run(scenario())


def test_what_ends_two_sessions_is_given_up_and_costs_nobody_else(
    model: ModelFile, runtime: Runtime
) -> None:
    def dies(crops: Crops) -> None:
        if any(np.array_equal(crop, FATAL) for crop in crops):
            raise SystemExit

    def opened(device: Device) -> Session:
        session = Scripted(model, device, PLAN, runtime)
        session.happens = dies
        return session

    async def scenario() -> None:
        async with started(opened) as (pool, counts):
            good = asyncio.create_task(pool.judge([GOOD] * 3, later()))
            with pytest.raises(UnmaskError, match="cannot be judged"):
                async with asyncio.timeout(20.0):
                    await pool.judge([FATAL], later())
            assert len((await good).evidence) == 3
            assert counts.restarts == 2

    asyncio.run(scenario())


def test_a_session_that_fails_with_whatever_crop_is_replaced(
    model: ModelFile, runtime: Runtime
) -> None:
    lost, sessions = threading.Event(), 0

    def fails(_: Crops) -> None:
        if lost.is_set():
            raise RuntimeError("the device is lost")

    def opened(device: Device) -> Session:
        nonlocal sessions
        session = Scripted(model, device, PLAN, runtime)
        session.happens = (lambda _: None) if sessions else fails
        sessions += 1
        return session

    async def scenario() -> None:
        async with started(opened) as (pool, counts):
            lost.set()
            assert len((await pool.judge([GOOD] * 2, later())).evidence) == 2
            assert counts.restarts == 1

    asyncio.run(scenario())
