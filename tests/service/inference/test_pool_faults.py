"""Sessions that die, hang, or fail with whatever they are given, and those that follow them."""

import asyncio
import ctypes
import math
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import ConfigurationError, UnmaskError
from service.inference import pool as pool_module
from service.inference.batcher import BatchQueue
from service.inference.device import Device
from service.inference.evidence import Evidence
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool
from service.inference.runs import Run
from service.inference.session import Session
from service.inference.worker import judge
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


def test_a_session_that_cannot_be_opened_again_is_beyond_hope(
    open_session: Callable[[Device], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_HOPELESS_S", 0.3)
    monkeypatch.setattr(pool_module, "_RESTART_PAUSE_S", 0.05)
    lost = threading.Event()

    def opened(device: Device) -> Session:
        if lost.is_set():
            raise RuntimeError("CUDA error 719")
        return open_session(device)

    async def scenario() -> None:
        async with started(opened) as (pool, _):
            assert not pool.useless
            lost.set()
            kill(session_thread())
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await until(lambda: pool.useless)
            assert pool.hopeless() is None
            await until(lambda: pool.hopeless() is not None)
            assert pool.hopeless() == "the session on cpu cannot be opened again"
            lost.clear()
            assert len((await waiting).evidence) == 1
            assert not pool.useless
            assert pool.hopeless() is None

    asyncio.run(scenario())


def test_a_session_that_hangs_takes_no_work_and_is_beyond_hope_in_the_end(
    model: ModelFile, runtime: Runtime
) -> None:
    go_on = threading.Event()

    def opened(device: Device) -> Session:
        session = Scripted(model, device, PLAN, runtime)
        session.happens = lambda crops: crops[0].any() and go_on.wait(30.0)
        return session

    async def scenario() -> None:
        pool = InferencePool([CPU], opened, BatchQueue(), Counts(), stall_s=0.2)
        await pool.start()
        try:
            assert pool.working == 1
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await until(lambda: pool.working == 0)
            assert pool.hopeless() is None
            await until(lambda: pool.hopeless() == "the session on cpu hangs")
            go_on.set()
            await waiting
            assert (pool.hopeless(), pool.working) == (None, 1)
        finally:
            go_on.set()
            await pool.stop()

    asyncio.run(scenario())


def test_why_a_session_died_while_it_was_warmed_is_told(model: ModelFile, runtime: Runtime) -> None:
    def fails(_: Crops) -> NoReturn:
        raise MemoryError("CUDA failure 2: out of memory")

    def opened(device: Device) -> Session:
        session = Scripted(model, device, PLAN, runtime)
        session.happens = fails
        return session

    async def scenario() -> None:
        with pytest.raises(ConfigurationError, match="failure 2: out of memory"):
            async with started(opened):
                pass

    asyncio.run(scenario())


def test_a_size_that_never_works_is_told_of(
    model: ModelFile, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(crops: Crops) -> None:
        if len(crops) > 1:
            raise MemoryError("out of memory")

    session = Scripted(model, CPU, PLAN, runtime)
    session.happens = fails
    assert len(judge(session, [GOOD] * 2, 0.0)) == 2
    assert caplog.messages == ["a batch of 2 failed and is split"]
