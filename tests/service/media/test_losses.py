"""Whoever watches the pool learns of each worker that is lost, and why."""

import asyncio
import contextlib
import os
import signal

import pytest

from service.errors import DecodeTimeoutError, MediaCorruptError
from service.media.process import Loss
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import until, with_workers


def test_each_loss_is_told_with_its_reason() -> None:
    lost: list[Loss] = []

    async def test(pool: MediaWorkers) -> None:
        async def replaced(losses: int) -> None:
            await until(lambda: pool.restarts == losses and pool.working == 2)

        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
        await replaced(1)
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.sleep_then, 30, 0, timeout_s=0.2)
        await replaced(2)
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.add, 1, 1, timeout_s=5, plausible=lambda total: total > 5)
        await replaced(3)
        leaving = asyncio.create_task(pool.run(jobs.sleep_then, 30, 0, timeout_s=30))
        await until(lambda: pool.running == 1)
        await asyncio.sleep(0.1)
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving
        await replaced(4)
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.promise_much, 2**40, timeout_s=5)
        await replaced(5)
        assert lost == ["died", "timeout", "implausible", "abandoned", "implausible"]

    with_workers(test, lost=lost.append)
    assert len(lost) == 5, "those that end with the pool are no loss"


def test_each_attempt_to_replace_a_worker_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost: list[Loss] = []

    async def test(pool: MediaWorkers) -> None:
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGKILL)
        await until(lambda: lost[:3] == ["died", "unstarted", "unstarted"])
        assert (pool.working, pool.alive()) == (1, True)

    with_workers(test, lost=lost.append)


def test_where_a_worker_cannot_be_replaced_that_is_tried_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost: list[Loss] = []

    def tell(loss: Loss) -> None:
        lost.append(loss)
        assert len(lost) < 100, "nothing else gets its turn any more"

    async def test(pool: MediaWorkers) -> None:
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        # It was ended while it worked: that alone is no reason to wait before the first attempt.
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.hang, timeout_s=0.05)
        await until(lambda: "unstarted" in lost)
        await asyncio.sleep(1)
        assert 2 <= lost.count("unstarted") <= 6

    with_workers(test, lost=tell)


def test_what_a_worker_says_unasked_is_nobody_s_answer() -> None:
    lost: list[Loss] = []

    async def test(pool: MediaWorkers) -> None:
        assert await pool.run(jobs.answer_twice, 0.2, timeout_s=5) == 0
        await until(lambda: pool.restarts == 1)
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2
        assert lost == ["implausible"]

    with_workers(test, workers=1, lost=lost.append)
