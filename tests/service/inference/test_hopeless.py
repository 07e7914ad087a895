"""Sessions that are lost for good, and what is told of those that died."""

import asyncio
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from service.errors import ConfigurationError
from service.inference import pool as pool_module
from service.inference.batcher import BatchQueue
from service.inference.device import Device
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool
from service.inference.session import Session
from service.inference.worker import judge
from service.runtime import Runtime
from tests.service.conftest import CPU, PLAN
from tests.service.inference.test_pool import GOOD, Counts, later, started
from tests.service.inference.test_pool_faults import Crops, Scripted, held_up, kill, session_thread
from tests.service.media.worker_pool import until


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


def test_a_session_that_hangs_while_it_is_opened_again_is_beyond_hope(
    open_session: Callable[[Device], Session],
) -> None:
    lost, go_on = threading.Event(), threading.Event()

    def opened(device: Device) -> Session:
        if lost.is_set():
            go_on.wait(30.0)
        return open_session(device)

    async def scenario() -> None:
        pool = InferencePool([CPU], opened, BatchQueue(), Counts(), stall_s=0.2)
        await pool.start()
        try:
            lost.set()
            kill(session_thread())
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await until(lambda: pool.useless)
            assert pool.hopeless() is None
            await until(lambda: pool.hopeless() == "the session on cpu cannot be opened again")
            go_on.set()
            assert len((await waiting).evidence) == 1
            assert (pool.hopeless(), pool.useless) == (None, False)
        finally:
            go_on.set()
            await pool.stop()

    asyncio.run(scenario())


def test_a_session_that_hangs_takes_no_work_and_is_beyond_hope_in_the_end(
    model: ModelFile, runtime: Runtime
) -> None:
    go_on = threading.Event()

    opened = held_up(model, runtime, go_on)

    async def scenario() -> None:
        pool = InferencePool([CPU], opened, BatchQueue(), Counts(), stall_s=0.2)
        await pool.start()
        try:
            assert (pool.working, pool.useless) == (1, False)
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await until(lambda: pool.working == 0)
            assert pool.useless
            assert "does not answer" in (pool.problem() or "")
            assert pool.hopeless() is None
            await until(lambda: pool.hopeless() == "the session on cpu hangs")
            go_on.set()
            await waiting
            await until(lambda: pool.problem() is None)
            assert (pool.hopeless(), pool.working, pool.useless) == (None, 1, False)
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
