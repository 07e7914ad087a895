"""Who gets the next worker: long jobs and short ones, and callers that leave."""

import asyncio
import contextlib
import time
from functools import partial
from pathlib import Path

import pytest

from service.errors import DecodeTimeoutError, OverloadedError
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import until, warm, with_workers


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


def test_cancelling_callers_in_the_queue_costs_no_worker(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        enough = tmp_path / "enough"
        running = asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=20))
        await asyncio.sleep(0.1)
        queued = [asyncio.create_task(pool.run(jobs.add, 1, 1, timeout_s=5)) for _ in range(200)]
        await asyncio.sleep(0.05)
        for task in queued:
            task.cancel()
        results = await asyncio.gather(*queued, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        enough.touch()
        await running
        assert pool.restarts == 0
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)


def test_a_worker_given_to_a_caller_who_has_just_left_is_not_lost() -> None:
    async def test(pool: MediaWorkers) -> None:
        worker = await pool._turns.take(long=False, again=False)
        waiting = asyncio.create_task(pool._turns.take(long=False, again=False))
        await asyncio.sleep(0)
        pool._turns.give(worker)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(20):
            assert await pool.run(jobs.add, 1, 1, timeout_s=20) == 2

    with_workers(test, workers=1)


def test_long_jobs_leave_a_worker_to_the_others(tmp_path: Path) -> None:
    async def test(pool: MediaWorkers) -> None:
        enough = tmp_path / "enough"
        long = [
            asyncio.create_task(pool.run(jobs.wait_for, enough, timeout_s=20, long=True))
            for _ in range(3)
        ]
        await asyncio.sleep(0.1)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2
        enough.touch()
        await asyncio.gather(*long)
        assert pool.restarts == 0

    with_workers(test)


def test_who_leaves_long_jobs_takes_no_worker_from_the_others() -> None:
    async def test(pool: MediaWorkers) -> None:
        async def leave() -> None:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await pool.run(jobs.hang, timeout_s=60, long=True)

        leaving = asyncio.create_task(leave())
        await until(lambda: pool.working < 2)
        for _ in range(100):
            async with asyncio.timeout(2):
                assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2
            assert pool.alive()
            await asyncio.sleep(0.02)
        leaving.cancel()
        assert pool.restarts > 0

    with_workers(test, leave_s=0.05)


def test_where_no_worker_can_be_replaced_long_jobs_get_the_last(tmp_path: Path) -> None:
    orders = warm(tmp_path)

    async def test(pool: MediaWorkers) -> None:
        warm(tmp_path, "cold")
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.hang, timeout_s=0.2)
        async with asyncio.timeout(20):
            assert await pool.run(jobs.add, 1, 1, timeout_s=5, long=True) == 2
        assert pool.working == 1

    with_workers(test, warm_up=partial(jobs.warm_by, orders))


def test_a_worker_that_is_ended_while_it_works_is_replaced_at_once() -> None:
    async def test(pool: MediaWorkers) -> None:
        for _ in range(6):  # each pause would be twice as long as the one before
            with pytest.raises(DecodeTimeoutError):
                await pool.run(jobs.hang, timeout_s=0.05)
        begun = time.monotonic()
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.hang, timeout_s=0.05)
        await until(lambda: pool.working == 2, 30)
        assert pool._crew._pause_s == 0
        assert pool.restarts == 7
        assert time.monotonic() - begun < 30

    with_workers(test)


def test_the_last_worker_is_not_ended_because_a_caller_left() -> None:
    async def test(pool: MediaWorkers) -> None:
        both = [asyncio.create_task(pool.run(jobs.hang, timeout_s=60)) for _ in range(2)]
        await asyncio.sleep(0.1)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        least = 2
        while pool.restarts < 2:
            least = min(least, pool.working)
            await asyncio.sleep(0.005)
        assert least == 1

    with_workers(test, leave_s=0.05)


def test_who_leaves_just_before_his_turn_takes_no_worker_along() -> None:
    async def test(pool: MediaWorkers) -> None:
        worker = await pool._turns.take(long=False, again=False)
        waiting = asyncio.create_task(pool._turns.take(long=False, again=False))
        await asyncio.sleep(0)
        waiting.cancel()
        pool._turns.give(worker)
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(20):
            assert await pool.run(jobs.add, 1, 1, timeout_s=20) == 2

    with_workers(test, workers=1)


def test_who_leaves_just_before_the_end_keeps_nobody_from_being_told_of_it() -> None:
    async def test(pool: MediaWorkers) -> None:
        await pool._turns.take(long=False, again=False)
        leaving, staying = (
            asyncio.create_task(pool._turns.take(long=False, again=False)) for _ in range(2)
        )
        await asyncio.sleep(0)
        leaving.cancel()
        pool._turns.end(OverloadedError("The service is shutting down"))
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(leaving, staying, return_exceptions=True)
        assert [type(each) for each in outcomes] == [asyncio.CancelledError, OverloadedError]

    with_workers(test, workers=1)
