"""Old workers leave to successors, whatever dies meanwhile."""

import asyncio
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from service.errors import MediaCorruptError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import (
    children,
    running,
    until,
    warm,
    with_workers,
    withdraw,
)


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
        os.kill(first, signal.SIGSEGV)
        with pytest.raises(MediaCorruptError):
            await long
        await until(lambda: pool.restarts == 1)
        await never_more_than(2)

    with_workers(test, workers=1, lifetime_s=0.5)


def test_a_death_while_the_successor_starts_costs_no_second_successor(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        await kill_while_the_successor_starts(pool, orders)
        warm(tmp_path)
        await until(lambda: pool.restarts == 1)
        await never_more_than(2)

    with_workers(test, workers=1, warm_up=partial(jobs.warm_by, orders), lifetime_s=0.5)


def test_a_death_while_the_successor_fails_to_start_is_made_good(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        await kill_while_the_successor_starts(pool, orders)
        (successor,) = children()
        warm(tmp_path, "cold")
        await until(lambda: bool({*children()} - {successor}))
        warm(tmp_path)
        assert await pool.run(jobs.pid, timeout_s=5) != successor
        await never_more_than(2)

    with_workers(test, workers=1, warm_up=partial(jobs.warm_by, orders), lifetime_s=0.5)


async def kill_while_the_successor_starts(pool: MediaWorkers, orders: Path) -> None:
    first = await pool.run(jobs.pid, timeout_s=5)
    withdraw(orders)
    await until(lambda: len(children()) == 2)
    os.kill(first, signal.SIGKILL)
    await until(lambda: not pool.alive() and len(children()) == 1)


def test_a_successor_that_fails_to_start_is_tried_again(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        withdraw(orders)
        await until(lambda: len(children()) == 2)
        warm(tmp_path, "cold")
        await until(lambda: children() == [first])
        warm(tmp_path)
        assert await pool.run(jobs.pid, timeout_s=5) == first
        await until(lambda: not running(first), seconds=15)
        assert pool.restarts == 0

    with_workers(test, workers=1, warm_up=partial(jobs.warm_by, orders), lifetime_s=0.5)


def test_an_old_worker_with_a_job_makes_no_readiness(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        enough = tmp_path / "enough"
        long = asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=25))
        await until(lambda: pool.running == 1)
        await pool.run(jobs.pid, timeout_s=10)
        withdraw(orders)
        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
        await until(lambda: not pool.alive())
        assert not long.done()
        warm(tmp_path)
        await until(pool.alive)
        enough.touch()
        await long

    with_workers(test, workers=1, warm_up=partial(jobs.warm_by, orders), lifetime_s=2.0)


async def never_more_than(most: int) -> None:
    """Watch the processes of a pool until three further ones have come."""
    seen, known = set(children()), len(children())
    deadline = time.monotonic() + 15
    while len(seen) < known + 3:
        assert time.monotonic() < deadline
        assert len(children()) <= most
        seen |= {*children()}
        await asyncio.sleep(0.02)


def test_a_long_job_that_waits_follows_on_one_whose_worker_leaves(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        enough = tmp_path / "enough"
        first = asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=25, long=True))
        await until(lambda: bool(pool._crew._old))
        second = asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=25, long=True))
        await asyncio.sleep(0.1)
        enough.touch()
        await first
        # Before the next renewal, which would wake it.
        await asyncio.wait_for(second, 0.9)

    with_workers(test, workers=1, lifetime_s=4.0)


def test_long_jobs_leave_a_worker_to_the_others_also_while_one_is_renewed(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        enough = tmp_path / "enough"
        long = [
            asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=60, long=True))
            for _ in range(4)
        ]
        seen: set[int] = set()
        while len(seen) < 4:
            async with asyncio.timeout(10):
                seen.add(await pool.run(jobs.pid, timeout_s=5))
            assert len(pool._turns._long) == 1
            await asyncio.sleep(0.02)
        enough.touch()
        await asyncio.gather(*long)

    with_workers(test, lifetime_s=0.5)
