"""Whatever happens in a worker costs one request, and nothing else."""

import asyncio
import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import (
    ConfigurationError,
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
    UnmaskError,
    UnsupportedMediaError,
)
from service.media.process import WorkerDefectError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs

MIB = 2**20


def with_workers(
    test: Callable[[MediaWorkers], Awaitable[None]],
    workers: int = 2,
    warm_up: Callable[[], object] = jobs.nothing,
) -> None:
    async def run() -> None:
        pool = MediaWorkers(workers, 512 * MIB, warm_up)
        try:
            await pool.start()
            await asyncio.wait_for(test(pool), 30)
        finally:
            await pool.close(drain_s=0)

    asyncio.run(run())


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        await asyncio.sleep(0.02)


async def beside_others(
    pool: MediaWorkers, job: Callable[..., Any], *args: object
) -> BaseException:
    """Run a harmful job among six harmless ones, which must all succeed; give its error."""
    harmful = pool.run(job, *args, timeout_s=0.5)
    harmless = [pool.run(jobs.sleep_then, 0.05, i, timeout_s=5) for i in range(6)]
    error, *results = await asyncio.gather(harmful, *harmless, return_exceptions=True)
    assert results == list(range(6))
    assert isinstance(error, BaseException)
    return error


def test_a_result_comes_back() -> None:
    async def test(pool: MediaWorkers) -> None:
        assert await pool.run(jobs.add, 2, 3, timeout_s=5) == 5
        assert await pool.run(jobs.pid, timeout_s=5) != os.getpid()
        assert pool.alive()
        assert pool.restarts == 0

    with_workers(test)


def test_a_worker_killed_in_the_middle_of_a_job_costs_that_job_only() -> None:
    async def test(pool: MediaWorkers) -> None:
        error = await beside_others(pool, jobs.die_after, 0.1)
        assert isinstance(error, MediaCorruptError)
        await until(lambda: pool.restarts == 1)
        assert pool.alive()

    with_workers(test)


def test_a_hung_worker_is_ended_and_replaced() -> None:
    async def test(pool: MediaWorkers) -> None:
        begun = time.monotonic()
        error = await beside_others(pool, jobs.hang)
        assert isinstance(error, DecodeTimeoutError)
        assert 0.4 < time.monotonic() - begun < 5
        await until(lambda: pool.restarts == 1)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test)


def test_a_worker_that_wants_too_much_memory_gets_none() -> None:
    async def test(pool: MediaWorkers) -> None:
        error = await beside_others(pool, jobs.bloat, 1024 * MIB)
        assert isinstance(error, MediaCorruptError)
        assert await pool.run(jobs.bloat, 64 * MIB, timeout_s=5) == 64 * MIB

    with_workers(test)


def test_our_own_errors_come_back_whole() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(UnsupportedMediaError) as caught:
            await pool.run(jobs.refuse, timeout_s=5)
        error: UnmaskError = caught.value
        assert (error.detail, error.limit, error.retry_after_s) == ("not this one", "pixels", 3)
        assert pool.restarts == 0

    with_workers(test)


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


def test_a_stopped_worker_costs_one_job_its_time_limit() -> None:
    async def test(pool: MediaWorkers) -> None:
        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGSTOP)
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.add, 4, 4, timeout_s=0.3)
        assert await pool.run(jobs.add, 4, 4, timeout_s=5) == 8
        assert pool.restarts == 1

    with_workers(test, workers=1)


def test_workers_killed_while_they_answer_cost_their_own_jobs_only() -> None:
    size = 2 * MIB  # more than a socket holds: a worker waits in the middle of its answer

    async def test(pool: MediaWorkers) -> None:
        victims = [pool.run(jobs.die_within_an_answer, size, timeout_s=5) for _ in range(4)]
        others = [pool.run(jobs.grey, size, timeout_s=5) for _ in range(12)]
        results = await asyncio.gather(*victims, *others, return_exceptions=True)
        assert all(isinstance(lost, MediaCorruptError) for lost in results[:4])
        for picture in results[4:]:
            assert isinstance(picture, np.ndarray)
            assert picture.nbytes == size
            assert (picture == 128).all()

    with_workers(test)


@pytest.mark.parametrize(
    ("job", "args"),
    [
        (jobs.talk_nonsense, ()),
        (jobs.name_a_stranger, ()),
        (jobs.promise_much, (2**40,)),
        (jobs.begin_for_ever, ()),
    ],
)
def test_a_worker_in_foreign_hands_costs_its_job_and_is_replaced(
    job: Callable[..., None], args: tuple[object, ...]
) -> None:
    async def test(pool: MediaWorkers) -> None:
        error = await beside_others(pool, job, *args)
        assert isinstance(error, MediaCorruptError)
        await until(lambda: pool.restarts == 1)
        assert await pool.run(jobs.add, 1, 2, timeout_s=5) == 3

    with_workers(test)


def test_what_a_worker_has_forked_goes_with_it(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        trace = tmp_path / "pid"
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.leave_a_child, str(trace), timeout_s=0.5)
        await until(lambda: pool.restarts == 1)
        await until(lambda: not running(int(trace.read_text())))

    with_workers(test, workers=1)


def test_a_job_that_does_not_fit_into_a_worker_ends_no_service() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.size_of, bytes(600 * MIB), timeout_s=20)
        assert await pool.run(jobs.size_of, bytes(8 * MIB), timeout_s=5) == 8 * MIB
        assert pool.restarts <= 1

    with_workers(test, workers=1)


def test_a_job_that_does_not_pickle_costs_no_worker() -> None:
    async def test(pool: MediaWorkers) -> None:
        for _ in range(3):
            with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
                await pool.run(jobs.size_of, lambda: None, timeout_s=5)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)


def test_callers_are_served_in_the_order_in_which_they_came() -> None:
    async def test(pool: MediaWorkers) -> None:
        order: list[str] = []

        async def many() -> None:
            for number in range(10):
                await pool.run(jobs.sleep_then, 0.02, number, timeout_s=5)
                order.append("many")

        async def one() -> None:
            await pool.run(jobs.add, 1, 1, timeout_s=5)
            order.append("one")

        await asyncio.gather(many(), one())
        assert order.index("one") <= 2

    with_workers(test, workers=1)


def running(process: int) -> bool:
    """Whether a process is there, and more than a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


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


def test_an_answer_that_cannot_be_is_not_believed_and_its_worker_replaced() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.add, 1, 1, timeout_s=5, plausible=lambda total: total > 5)
        await until(lambda: pool.restarts == 1)
        assert await pool.run(jobs.add, 3, 3, timeout_s=5, plausible=lambda n: n > 5) == 6

    with_workers(test)


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


def test_what_a_worker_prints_stands_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    async def test(pool: MediaWorkers) -> None:
        await pool.run(jobs.print_lies, timeout_s=5)

    with_workers(test)
    captured = capfd.readouterr()
    assert "all is well" not in captured.out + captured.err


def test_a_defect_of_ours_comes_back_with_the_worker_s_traceback() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(WorkerDefectError, match="ZeroDivisionError"):
            await pool.run(jobs.divide, 1, 0, timeout_s=5)
        with pytest.raises(WorkerDefectError, match="TypeError"):
            await pool.run(jobs.unsendable, timeout_s=5)
        assert await pool.run(jobs.divide, 4, 2, timeout_s=5) == 2
        assert pool.restarts == 0

    with_workers(test)


def test_a_job_nearly_done_is_finished_though_its_caller_is_gone() -> None:
    async def test(pool: MediaWorkers) -> None:
        for _ in range(3):
            task = asyncio.create_task(pool.run(jobs.sleep_then, 0.1, 0, timeout_s=5))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2
        assert pool.restarts == 0

    with_workers(test, workers=1)


def test_cancelling_the_caller_stops_the_job(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        trace = tmp_path / "trace"
        task = asyncio.create_task(pool.run(jobs.write_after, 1.0, str(trace), timeout_s=10))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: pool.restarts == 1)
        await asyncio.sleep(1.0)
        assert not trace.exists()
        assert pool.running == 0

    with_workers(test, workers=1)


def test_cancelling_callers_in_the_queue_costs_no_worker() -> None:
    async def test(pool: MediaWorkers) -> None:
        running = asyncio.create_task(pool.run(jobs.sleep_then, 0.5, 7, timeout_s=5))
        await asyncio.sleep(0.1)
        queued = [asyncio.create_task(pool.run(jobs.add, 1, 1, timeout_s=5)) for _ in range(200)]
        await asyncio.sleep(0.05)
        for task in queued:
            task.cancel()
        results = await asyncio.gather(*queued, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert await running == 7
        assert pool.restarts == 0
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)


def test_waiting_for_a_worker_does_not_count_against_the_time_limit() -> None:
    async def test(pool: MediaWorkers) -> None:
        slow = [pool.run(jobs.sleep_then, 0.3, i, timeout_s=0.6) for i in range(4)]
        assert await asyncio.gather(*slow) == [0, 1, 2, 3]

    with_workers(test, workers=1)


def test_no_secret_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_API_KEYS", "a-secret")

    async def test(pool: MediaWorkers) -> None:
        seen, shown = await pool.run(jobs.environment, timeout_s=5)
        assert "UNMASK_API_KEYS" not in seen
        assert seen["OMP_NUM_THREADS"] == "1"
        assert b"a-secret" not in shown

    with_workers(test)


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


def test_closing_lets_running_jobs_finish_and_refuses_new_ones() -> None:
    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, jobs.nothing)
        await pool.start()
        running = asyncio.create_task(pool.run(jobs.sleep_then, 0.5, 9, timeout_s=5))
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(pool.close(drain_s=5))
        await asyncio.sleep(0.05)
        assert not pool.alive()
        with pytest.raises(OverloadedError):
            await pool.run(jobs.add, 1, 1, timeout_s=5)
        assert await running == 9
        await closing

    asyncio.run(test())


def test_closing_does_not_wait_for_a_hung_job_beyond_its_deadline() -> None:
    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, jobs.nothing)
        await pool.start()
        running = asyncio.create_task(pool.run(jobs.hang, timeout_s=60))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await pool.close(drain_s=0.2)
        assert time.monotonic() - begun < 5
        with pytest.raises(OverloadedError):
            await running

    asyncio.run(test())
