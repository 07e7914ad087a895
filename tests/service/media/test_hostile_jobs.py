"""Whatever happens in a worker costs one request, and nothing else."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.errors import (
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
)
from service.media.workers import MediaWorkers
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import beside_others, running, until, with_workers

MIB = 2**20


@pytest.mark.parametrize("signal_", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_in_the_middle_of_a_job_costs_that_job_and_one_worker(
    signal_: signal.Signals,
) -> None:
    async def test(pool: MediaWorkers) -> None:
        error = await beside_others(pool, jobs.die_after, 0.1, signal_)
        assert isinstance(error, MediaCorruptError)
        await until(lambda: pool.restarts == 1)
        assert pool.alive()

    with_workers(test)


def test_a_job_whose_worker_somebody_kills_is_done_by_another(tmp_path: Path) -> None:
    trace, enough = tmp_path / "trace", tmp_path / "enough"

    def begun() -> list[int]:
        folders = sorted(trace.iterdir(), key=lambda folder: folder.stat().st_mtime)
        return [int(folder.name) for folder in folders]

    trace.mkdir()

    async def test(pool: MediaWorkers) -> None:
        running = asyncio.create_task(pool.run(jobs.tell_and_wait_for, trace, enough, timeout_s=20))
        await until(lambda: len(begun()) == 1)
        os.kill(begun()[0], signal.SIGKILL)
        await until(lambda: len(begun()) == 2)
        enough.touch()
        assert await running == begun()[1] != begun()[0]
        await until(lambda: pool.restarts == 1)

    with_workers(test)


def test_a_job_whose_worker_is_killed_while_the_service_closes_does_not_wait(
    tmp_path: Path,
) -> None:
    async def test(pool: MediaWorkers) -> None:
        worker = await pool.run(jobs.pid, timeout_s=5)
        job = asyncio.create_task(pool.run(jobs.wait_for, tmp_path / "never", timeout_s=20))
        await until(lambda: pool.running == 1)
        await asyncio.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
        # At once: what became of the worker is not known yet.
        await until(lambda: not pool.alive(), every_s=0)
        await pool.close(drain_s=0)
        with pytest.raises(OverloadedError):
            await asyncio.wait_for(job, 5)

    with_workers(test, workers=1)


def test_a_job_whose_workers_are_killed_again_is_given_up() -> None:
    async def test(pool: MediaWorkers) -> None:
        error = await beside_others(pool, jobs.die_after, 0.1, signal.SIGKILL)
        assert isinstance(error, MediaCorruptError)
        await until(lambda: pool.restarts == 2)
        assert pool.alive()

    with_workers(test)


def test_a_hung_worker_is_ended_and_replaced() -> None:
    async def test(pool: MediaWorkers) -> None:
        begun = time.monotonic()
        error = await beside_others(pool, jobs.hang, timeout_s=0.5)
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


def test_a_stopped_worker_costs_one_job_its_time_limit() -> None:
    async def test(pool: MediaWorkers) -> None:
        os.kill(await pool.run(jobs.pid, timeout_s=5), signal.SIGSTOP)
        with pytest.raises(DecodeTimeoutError):
            await pool.run(jobs.add, 4, 4, timeout_s=0.3)
        assert await pool.run(jobs.add, 4, 4, timeout_s=5) == 8
        assert pool.restarts == 1

    with_workers(test, workers=1)


def test_a_pause_of_the_service_is_not_held_against_a_file() -> None:
    """As `docker pause` makes it: the answer came long before the service went on."""

    async def test(pool: MediaWorkers) -> None:
        asyncio.get_running_loop().call_later(0.05, time.sleep, 1.5)
        assert await pool.run(jobs.sleep_then, 0.2, 7, timeout_s=1) == 7
        assert pool.restarts == 0

    with_workers(test, workers=1)


def test_a_caller_whose_worker_dies_before_it_takes_up_the_job_keeps_its_turn() -> None:
    async def test(pool: MediaWorkers) -> None:
        finished = []

        async def call(number: int) -> None:
            finished.append(await pool.run(jobs.add, number, 0, timeout_s=10))

        worker = await pool.run(jobs.pid, timeout_s=5)
        os.kill(worker, signal.SIGSTOP)
        callers = [asyncio.create_task(call(number)) for number in range(6)]
        await until(lambda: pool.running == 6)
        os.kill(worker, signal.SIGKILL)
        await asyncio.gather(*callers)
        assert finished == [*range(6)]

    with_workers(test, workers=1)


def test_workers_that_crash_while_they_answer_cost_their_own_jobs_only() -> None:
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
            await pool.run(jobs.leave_a_child, trace, timeout_s=0.5)
        await until(lambda: pool.restarts == 1)
        await until(lambda: not running(int(trace.readlink().name)))

    with_workers(test, workers=1)


def test_a_job_that_does_not_fit_into_a_worker_ends_no_service() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.size_of, bytes(300 * MIB), timeout_s=20)
        assert await pool.run(jobs.size_of, bytes(8 * MIB), timeout_s=5) == 8 * MIB
        assert pool.restarts <= 1

    with_workers(test, workers=1, memory_bytes=256 * MIB)


def test_an_answer_that_cannot_be_is_not_believed_and_its_worker_replaced() -> None:
    async def test(pool: MediaWorkers) -> None:
        with pytest.raises(MediaCorruptError):
            await pool.run(jobs.add, 1, 1, timeout_s=5, plausible=lambda total: total > 5)
        await until(lambda: pool.restarts == 1)
        assert await pool.run(jobs.add, 3, 3, timeout_s=5, plausible=lambda n: n > 5) == 6

    with_workers(test)


def test_what_a_worker_prints_stands_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    async def test(pool: MediaWorkers) -> None:
        await pool.run(jobs.print_lies, timeout_s=5)

    with_workers(test)
    captured = capfd.readouterr()
    assert "all is well" not in captured.out + captured.err


def environment_of(worker: int) -> bytes:
    """As the kernel shows it, which it may to root alone."""
    try:
        return Path(f"/proc/{worker}/environ").read_bytes()
    except PermissionError:
        return b""


def test_no_secret_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_API_KEYS", "a-secret")

    async def test(pool: MediaWorkers) -> None:
        seen, worker = await pool.run(jobs.environment, timeout_s=5)
        assert "UNMASK_API_KEYS" not in seen
        assert seen["OMP_NUM_THREADS"] == "1"
        assert b"a-secret" not in environment_of(worker)

    with_workers(test)


def test_a_warm_worker_opens_nothing(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()

    async def test(pool: MediaWorkers) -> None:
        assert await pool.run(jobs.opened, there, timeout_s=5) == []
        assert await pool.run(jobs.add, 1, 1, timeout_s=5) == 2

    with_workers(test, workers=1)
