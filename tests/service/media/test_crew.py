"""Workers that die are replaced, old ones leave, and nothing is left of them."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import running, until, with_workers

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


def children() -> list[str]:
    """The process ids of this process's children that are media workers."""
    found = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [c for c in found if b"media.worker" in Path(f"/proc/{c}/cmdline").read_bytes()]


def test_workers_that_die_at_once_are_not_replaced_ever_faster() -> None:
    async def test(pool: MediaWorkers) -> None:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for child in children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            await asyncio.sleep(0.05)
        assert pool.restarts < 8
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
        await until(lambda: sum(running(pid) for pid in seen) <= 4)

    with_workers(test, lifetime_s=0.5)


def test_an_old_worker_finishes_what_it_has() -> None:
    async def test(pool: MediaWorkers) -> None:
        first = await pool.run(jobs.pid, timeout_s=5)
        results = [pool.run(jobs.sleep_then, 2.5, i, timeout_s=5) for i in range(2)]
        assert await asyncio.gather(*results) == [0, 1]
        await until(lambda: not running(first))
        assert pool.restarts == 0
        assert pool.alive()

    with_workers(test, lifetime_s=0.5)


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
