"""Sessions that die, hang, or fail with whatever they are given, and those that follow them."""

import asyncio
import ctypes
import math
import threading
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import UnmaskError
from service.inference.device import Device
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.inference.runs import Run
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.inference.test_pool import GOOD, later, started

Crops = Sequence[NDArray[np.uint8]]
FATAL: NDArray[np.uint8] = np.full((256, 256, 3), 13, np.uint8)


class Scripted(Session):
    """A real session to which something happens first."""

    happens: Callable[[Crops], object]

    def run(self, crops: Crops, mask_floor: float = -math.inf) -> list[Evidence]:
        """See `Session`."""
        self.happens(crops)
        return super().run(crops, mask_floor)


def held_up(
    model: ModelFile, runtime: Runtime, go_on: threading.Event
) -> Callable[[Device], Session]:
    """Opens sessions that hang over a crop until they may go on."""

    def opened(device: Device) -> Session:
        session = Scripted(model, device, PLAN, runtime)
        # Before it is ready a session is tried with a blank crop.
        session.happens = lambda crops: crops[0].any() and go_on.wait(30.0)
        return session

    return opened


def session_thread() -> threading.Thread:
    (thread,) = [each for each in threading.enumerate() if each.name == "session-cpu"]
    return thread


def kill(thread: threading.Thread) -> None:
    """Make a thread die at its next step, as a fault in a driver would."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    )


def test_a_dead_worker_is_replaced_and_its_work_is_not_lost(
    open_session: Callable[[Device], Session],
) -> None:
    async def scenario() -> None:
        async with started(open_session) as (pool, counts):
            kill(session_thread())
            judgement = await pool.judge([GOOD] * 3, later())
            assert len(judgement.evidence) == 3
            assert counts.restarts == 1
            assert pool.problem() is None

    asyncio.run(scenario())


def test_a_dead_session_is_gone_before_its_successor_is_opened(
    open_session: Callable[[Device], Session],
) -> None:
    """Or a GPU would have to hold both."""
    opened: list[weakref.ref[Run]] = []
    left: list[int] = []

    def watched(device: Device) -> Session:
        left.append(sum(each() is not None for each in opened))
        session = open_session(device)
        opened.append(weakref.ref(session._plain))
        return session

    async def scenario() -> None:
        async with started(watched) as (pool, counts):
            await pool.judge([GOOD], later())
            kill(session_thread())
            await pool.judge([GOOD], later())
            assert counts.restarts == 1

    asyncio.run(scenario())
    assert left == [0, 0]
    assert all(each() is None for each in opened)


def test_a_dead_worker_shows_until_it_is_back(
    open_session: Callable[[Device], Session],
) -> None:
    allowed = threading.Event()
    allowed.set()

    def open_when_allowed(device: Device) -> Session:
        allowed.wait(timeout=30.0)
        return open_session(device)

    async def scenario() -> None:
        async with started(open_when_allowed) as (pool, counts):
            assert pool.problem() is None
            allowed.clear()
            kill(session_thread())
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await counts.restarted.wait()
            problem = pool.problem()
            assert problem is not None
            assert "cpu" in problem
            assert pool.working == 0
            allowed.set()
            assert len((await waiting).evidence) == 1
            assert pool.problem() is None

    asyncio.run(scenario())


def test_sessions_beside_a_dead_one_go_on(open_session: Callable[[Device], Session]) -> None:
    opened: list[Device] = []
    forever = threading.Event()

    def open_twice(device: Device) -> Session:
        opened.append(device)
        if len(opened) > 2:
            forever.wait(timeout=30.0)
        return open_session(device)

    async def scenario() -> None:
        async with started(open_twice, [CPU, CPU]) as (pool, counts):
            kill(next(each for each in threading.enumerate() if each.name == "session-cpu"))
            judgement = await pool.judge([GOOD] * 9, later())
            assert len(judgement.evidence) == 9
            assert counts.restarts == 1
            assert pool.problem() is not None
            forever.set()

    asyncio.run(scenario())


def test_a_worker_that_fails_to_come_back_is_tried_again(
    open_session: Callable[[Device], Session],
) -> None:
    opened: list[Device] = []

    def fail_the_second_time(device: Device) -> Session:
        opened.append(device)
        if len(opened) == 2:
            raise RuntimeError("the device is gone")
        return open_session(device)

    async def scenario() -> None:
        async with started(fail_the_second_time) as (pool, counts):
            kill(session_thread())
            assert len((await pool.judge([GOOD], later())).evidence) == 1
            assert len(opened) == 3
            assert counts.restarts == 1

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
