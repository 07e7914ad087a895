"""What takes long because the process stood still has not taken long."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from service import stopwatch
from service.errors import DecodeTimeoutError
from service.inference.batcher import BatchQueue
from service.inference.model_file import ModelFile
from service.inference.pool import InferencePool
from service.media.workers import MediaWorkers
from service.runtime import Runtime
from service.stopwatch import Stopwatch
from tests.service.conftest import CPU
from tests.service.inference.test_pool import GOOD, Counts, later
from tests.service.inference.test_pool_faults import held_up
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import until, with_workers


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still is told from one that did not ten times sooner."""
    monkeypatch.setattr(stopwatch, "STOOD_STILL_S", 0.5)
    monkeypatch.setattr(stopwatch, "_LOOK_S", 0.1)


def stand_still() -> None:
    """All that runs on the event loop stops, as in a process that does."""
    time.sleep(2.0)


def test_time_counts_in_which_the_loop_ran() -> None:
    async def test() -> None:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch, begun = Stopwatch(), time.monotonic()
        await watch.wait(never, 0.7)
        assert 0.7 <= time.monotonic() - begun < 5
        assert watch.seconds() >= 0.7

    asyncio.run(test())


def test_time_counts_not_in_which_the_loop_stood_still() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        never: asyncio.Future[None] = loop.create_future()
        watch, begun = Stopwatch(), time.monotonic()
        loop.call_later(0.3, stand_still)
        await watch.wait(never, 1.0)
        assert 2.9 <= time.monotonic() - begun < 8
        assert watch.seconds() < 2.0

    asyncio.run(test())


def test_what_is_done_is_waited_for_no_longer() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        loop.call_later(0.2, done.set_result, None)
        await asyncio.wait_for(Stopwatch().wait(done, 30.0), 5)
        assert done.done()

    asyncio.run(test())


def test_a_worker_that_stood_still_as_well_has_its_time(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        loop, there = asyncio.get_running_loop(), tmp_path / "there"
        loop.call_later(0.2, stand_still)
        loop.call_later(2.8, there.touch)
        await pool.run(jobs.wait_for, there, timeout_s=1.5)
        assert pool.restarts == 0

    with_workers(test)


def test_a_worker_that_is_stuck_ends_all_the_same() -> None:
    async def test(pool: MediaWorkers) -> None:
        begun = time.monotonic()
        asyncio.get_running_loop().call_later(0.2, stand_still)
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.hang, timeout_s=1.0)
        assert time.monotonic() - begun < 5

    with_workers(test)


def test_a_session_does_not_hang_because_the_service_stood_still(
    model: ModelFile, runtime: Runtime
) -> None:
    go_on = threading.Event()

    opened = held_up(model, runtime, go_on)

    async def scenario() -> None:
        pool = InferencePool([CPU], opened, BatchQueue(), Counts(), stall_s=1.0)
        await pool.start()
        try:
            waiting = asyncio.create_task(pool.judge([GOOD], later()))
            await asyncio.sleep(0.1)
            stand_still()
            assert (pool.working, pool.useless, pool.problem()) == (1, False, None)
            await until(lambda: pool.useless)
            assert "does not answer" in (pool.problem() or "")
            go_on.set()
            await waiting
        finally:
            go_on.set()
            await pool.stop()

    asyncio.run(scenario())
