"""Workers that die are replaced, and nothing is left of them."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from service.media import crew
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import (
    children,
    offspring,
    until,
    warm,
    with_workers,
    withdraw,
)

MIB = 2**20


def test_killing_every_idle_worker_shows_in_readiness_and_heals(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        both = (pool.run(jobs.pid_after, 0.2, timeout_s=5) for _ in range(2))
        first = set(await asyncio.gather(*both))
        assert len(first) == 2
        withdraw(orders)
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        await until(lambda: not pool.alive())
        warm(tmp_path)
        assert await pool.run(jobs.add, 2, 2, timeout_s=5) == 4
        assert pool.alive()
        await until(lambda: pool.restarts == len(first))

    with_workers(test, warm_up=partial(jobs.warm_by, orders))


def leftovers() -> tuple[int, int]:
    """How many files are open, and how many children there are, zombies as well."""
    return len(list(Path("/proc/self/fd").iterdir())), len(offspring())


def test_dead_workers_leave_nothing() -> None:
    async def test(pool: MediaWorkers) -> None:
        async def kill_one(so_far: int) -> tuple[int, int]:
            os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
            await until(lambda: pool.restarts == so_far + 1)
            await asyncio.sleep(0.5)
            return leftovers()

        first = await kill_one(0)
        for number in (1, 2):
            files, processes = await kill_one(number)
            assert files <= first[0]
            assert processes <= first[1]

    with_workers(test)


def test_closing_in_the_middle_of_a_start_leaves_no_worker() -> None:
    async def test() -> None:
        before = offspring()
        pool = MediaWorkers(2, 512 * MIB, jobs.nothing)
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(0.05)
        await pool.close(drain_s=0)
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        assert not pool.alive()
        assert offspring() == before
        with pytest.raises(ConfigurationError):
            await pool.start()

    asyncio.run(test())


def test_workers_that_die_at_once_are_not_replaced_ever_faster() -> None:
    async def test(pool: MediaWorkers) -> None:
        started: set[int] = set()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for child in children():
                started.add(child)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            await asyncio.sleep(0.02)
        assert 2 < len(started) < 10
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)


@pytest.mark.parametrize("warm_up", [jobs.never_warm, partial(jobs.bloat, 1024 * MIB)])
def test_a_warm_up_that_fails_ends_the_start(warm_up: Callable[[], object]) -> None:
    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, warm_up)
        try:
            with pytest.raises(ConfigurationError):
                await pool.start()
            assert not pool.alive()
        finally:
            await pool.close(drain_s=0)

    asyncio.run(test())


def test_a_warm_up_that_hangs_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(crew, "_START_TIMEOUT_S", 0.5)

    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, partial(jobs.wait_for, tmp_path / "never"))
        try:
            with pytest.raises(ConfigurationError, match="in time"):
                await asyncio.wait_for(pool.start(), 20)
            assert children() == []
        finally:
            await pool.close(drain_s=0)

    asyncio.run(test())


def test_a_worker_that_has_answered_is_replaced_without_a_pause() -> None:
    async def test(pool: MediaWorkers) -> None:
        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
        await until(lambda: pool.restarts == 1)
        assert pool._crew._pause_s > 0
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2
        assert pool._crew._pause_s == 0

    with_workers(test, workers=1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_the_service_and_all_its_processes_ends_no_worker(
    number: signal.Signals,
) -> None:
    """By terminals and service managers: the service answers whoever has come before it ends."""

    async def test(pool: MediaWorkers) -> None:
        worker = await pool.run(jobs.pid, timeout_s=5)
        os.kill(worker, number)
        assert await pool.run(jobs.pid_after, 0.1, timeout_s=5) == worker
        assert pool.restarts == 0

    with_workers(test, workers=1)
