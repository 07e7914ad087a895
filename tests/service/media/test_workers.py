"""Jobs, callers and the queue between them."""

import asyncio
import os
import pickle
import time
from pathlib import Path

import pytest

from service.errors import (
    MediaCorruptError,
    OverloadedError,
    UnmaskError,
    UnsupportedMediaError,
)
from service.media.process import WorkerDefectError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import until, with_workers

MIB = 2**20


def test_a_result_comes_back() -> None:
    async def test(pool: MediaWorkers) -> None:
        assert await pool.run(jobs.add, 2, 3, timeout_s=5) == 5
        assert await pool.run(jobs.pid, timeout_s=5) != os.getpid()
        assert pool.alive()
        assert pool.restarts == 0

    with_workers(test)


def test_our_own_errors_come_back_whole() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(UnsupportedMediaError) as caught:
            await pool.run(jobs.refuse, timeout_s=5)
        error: UnmaskError = caught.value
        assert (error.detail, error.limit, error.retry_after_s) == ("not this one", "pixels", 3)
        assert pool.restarts == 0

    with_workers(test)


def test_a_job_that_does_not_pickle_costs_no_worker() -> None:
    async def test(pool: MediaWorkers) -> None:
        for _ in range(3):
            with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
                await pool.run(jobs.size_of, lambda: None, timeout_s=5)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)


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

    with_workers(test, workers=1, leave_s=5)


def test_cancelling_the_caller_stops_the_job(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        trace = tmp_path / "trace"
        task = asyncio.create_task(pool.run(jobs.folder_after, 1.0, trace, timeout_s=10))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: pool.restarts == 1)
        await asyncio.sleep(1.0)
        assert not trace.exists()
        assert pool.running == 0

    with_workers(test, workers=1)


def test_waiting_for_a_worker_does_not_count_against_the_time_limit() -> None:
    async def test(pool: MediaWorkers) -> None:
        slow = [pool.run(jobs.sleep_then, 0.3, i, timeout_s=1.5) for i in range(8)]
        assert await asyncio.gather(*slow) == [*range(8)]

    with_workers(test, workers=1)


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


@pytest.mark.parametrize("most", [256 * MIB, 1024 * MIB])
def test_where_more_arrays_are_allowed_more_may_be_said_of_them(most: int) -> None:
    async def test() -> None:
        pool = MediaWorkers(1, 512 * MIB, jobs.nothing, most_answer_bytes=most)
        await pool.start()
        try:
            # As many as faces in 64 frames with 64 faces each.
            answer = pool.run(jobs.crops, 64 * 64, timeout_s=10)
            if most > 256 * MIB:
                assert len(await answer) == 64 * 64
            else:
                with pytest.raises(MediaCorruptError):
                    await answer
        finally:
            await pool.close(drain_s=0)

    asyncio.run(test())


def test_closing_tells_those_who_still_wait_for_a_worker() -> None:
    async def test(pool: MediaWorkers) -> None:
        calls = [asyncio.create_task(pool.run(jobs.hang, timeout_s=60)) for _ in range(3)]
        await until(lambda: pool.running == 3)
        await pool.close(drain_s=0.1)
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in outcomes] == [OverloadedError] * 3

    with_workers(test, workers=1)


def test_a_worker_that_was_done_in_time_is_not_ended_for_the_caller_who_left() -> None:
    async def test(pool: MediaWorkers) -> None:
        leaving = asyncio.create_task(pool.run(jobs.sleep_then, 0.1, 0, timeout_s=5))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        # It is at somebody else's file when it would have been ended.
        assert await pool.run(jobs.sleep_then, 1.1, 7, timeout_s=10) == 7
        assert pool.restarts == 0

    with_workers(test, workers=1, leave_s=1.0)
