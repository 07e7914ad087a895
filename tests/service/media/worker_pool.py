"""Pools of real workers for the tests of them."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from service.media.process import Loss
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs

MIB = 2**20


def with_workers(
    test: Callable[[MediaWorkers], Awaitable[None]],
    workers: int = 2,
    warm_up: Callable[[], object] = jobs.nothing,
    lifetime_s: float = 600.0,
    *,
    memory_bytes: int = 512 * MIB,
    leave_s: float = 0.25,
    lost: Callable[[Loss], None] = lambda _: None,
) -> None:
    async def run() -> None:
        pool = MediaWorkers(
            workers, memory_bytes, warm_up, lost=lost, lifetime_s=lifetime_s, leave_s=leave_s
        )
        try:
            await pool.start()
            await asyncio.wait_for(test(pool), 30)
        finally:
            await pool.close(drain_s=0)

    asyncio.run(run())


async def until(
    condition: Callable[[], bool], seconds: float = 10.0, *, every_s: float = 0.02
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        await asyncio.sleep(every_s)


async def beside_others(
    pool: MediaWorkers, job: Callable[..., Any], *args: object, timeout_s: float = 5.0
) -> BaseException:
    """Run a harmful job among six harmless ones, which must all succeed; give its error."""
    harmful = pool.run(job, *args, timeout_s=timeout_s)
    harmless = [pool.run(jobs.sleep_then, 0.05, i, timeout_s=5) for i in range(6)]
    error, *results = await asyncio.gather(harmful, *harmless, return_exceptions=True)
    assert results == list(range(6))
    assert isinstance(error, BaseException)
    return error


def offspring() -> list[str]:
    """The process ids of this thread's children, zombies as well, oldest first."""
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()


def children() -> list[int]:
    """The process ids of those that are media workers and no zombies."""
    return [int(child) for child in offspring() if b"media.worker" in _command(child)]


def _command(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def running(process: int) -> bool:
    """Whether a process is there, and more than a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def warm(folder: Path, order: str = "warm") -> Path:
    """Orders for `warm_by`, given at once and whole."""
    (folder / "partial").write_text(order)
    return (folder / "partial").replace(folder / "orders")


def withdraw(orders: Path) -> None:
    """Let the next workers wait in their warm-up."""
    orders.unlink()
