"""Workers that die are replaced, old ones leave, and nothing is left of them."""

import asyncio
import contextlib
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from service.errors import ConfigurationError, MediaCorruptError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import children, running, until, with_workers

MIB = 2**20


def test_killing_every_idle_worker_shows_in_readiness_and_heals() -> None:
    async def test(pool: MediaWorkers) -> None:
        both = (pool.run(jobs.pid_after, 0.2, timeout_s=5) for _ in range(2))
        first = set(await asyncio.gather(*both))
        assert len(first) == 2
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        await until(lambda: not pool.alive())
        assert await pool.run(jobs.add, 2, 2, timeout_s=5) == 4
        assert pool.alive()
        await until(lambda: pool.restarts == len(first))

    with_workers(test)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_dead_workers_leave_nothing_open() -> None:
    async def test(pool: MediaWorkers) -> None:
        async def kill_one(so_far: int) -> int:
            os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
            await until(lambda: pool.restarts == so_far + 1)
            await asyncio.sleep(0.5)
            return open_files()

        first = await kill_one(0)
        assert await kill_one(1) <= first
        assert await kill_one(2) <= first

    with_workers(test)


def test_closing_in_the_middle_of_a_start_leaves_no_worker() -> None:
    async def test() -> None:
        pool = MediaWorkers(2, 512 * MIB, jobs.nothing)
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(0.05)
        await pool.close(drain_s=0)
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        assert not pool.alive()
        assert not children()

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


def test_old_workers_leave_to_successors_and_no_job_notices() -> None:
    async def test(pool: MediaWorkers) -> None:
        seen: set[int] = set()
        deadline = time.monotonic() + 20
        while len(seen) < 5:
            assert time.monotonic() < deadline
            seen |= {*await asyncio.gather(*(pool.run(jobs.pid, timeout_s=5) for _ in range(4)))}
            await asyncio.sleep(0.02)
        # Nobody died: an alarm on restarts stays silent.
        assert pool.restarts == 0
        await until(lambda: sum(running(pid) for pid in seen) <= 2)

    with_workers(test, lifetime_s=0.5)


def test_an_old_worker_leaves_without_any_traffic() -> None:
    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        await until(lambda: not running(first))
        assert pool.alive()
        assert pool.restarts == 0

    with_workers(test, workers=1, lifetime_s=0.5)


def test_an_old_worker_finishes_what_it_has(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        enough = tmp_path / "enough"
        long = asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=25))
        await until(lambda: pool.running == 1)
        assert await pool.run(jobs.pid, timeout_s=5) != first
        enough.touch()
        await long
        await until(lambda: not running(first))
        assert pool.restarts == 0

    with_workers(test, workers=1, lifetime_s=0.5)


def test_an_old_worker_that_dies_counts_and_is_not_replaced_twice(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        long = asyncio.create_task(pool.run(jobs.wait_for, tmp_path / "never", timeout_s=25))
        await until(lambda: pool.running == 1)
        await pool.run(jobs.pid, timeout_s=5)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(MediaCorruptError):
            await long
        await until(lambda: pool.restarts == 1)
        await never_more_than(2)

    with_workers(test, workers=1, lifetime_s=0.5)


def test_a_death_while_the_successor_starts_costs_no_second_successor() -> None:
    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        await until(lambda: len(children()) == 2)
        os.kill(first, signal.SIGKILL)
        await until(lambda: pool.restarts == 1)
        await never_more_than(2)

    with_workers(test, workers=1, lifetime_s=0.5)


def test_a_death_while_the_successor_fails_to_start_is_made_good(tmp_path: Path) -> None:
    flag = tmp_path / "cold"

    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        flag.touch()
        await until(lambda: len(children()) == 2)
        os.kill(first, signal.SIGKILL)
        await until(lambda: not pool.alive())
        await asyncio.sleep(1)
        flag.unlink()
        assert await pool.run(jobs.pid, timeout_s=5) != first
        await never_more_than(2)

    with_workers(test, workers=1, warm_up=partial(jobs.warm_unless, flag), lifetime_s=0.5)


async def never_more_than(most: int) -> None:
    """Watch the processes of a pool until three further ones have come."""
    seen, known = set(children()), len(children())
    deadline = time.monotonic() + 15
    while len(seen) < known + 3:
        assert time.monotonic() < deadline
        assert len(children()) <= most
        seen |= {*children()}
        await asyncio.sleep(0.02)


def test_a_warm_up_that_fails_ends_the_start() -> None:
    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, jobs.never_warm)
        try:
            with pytest.raises(ConfigurationError):
                await pool.start()
            assert not pool.alive()
        finally:
            await pool.close(drain_s=0)

    asyncio.run(test())
