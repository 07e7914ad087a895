"""The pool of isolated processes in which untrusted media is decoded."""

import asyncio
import contextlib
import logging
import pickle
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from service.errors import (
    ConfigurationError,
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
)
from service.media.isolation import IsolatedContext, isolate

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)

_POLL_S = 0.05
_SUPERVISE_S = 0.25


class MediaWorkers:
    """Runs functions in worker processes that may crash, hang or bloat without harm.

    Start with `await start()`, end with `await close()`. Each job costs at most its own
    request: a dead or hung worker is replaced, a pool that breaks is replaced, and jobs that
    were not the cause go on.
    """

    def __init__(
        self,
        workers: int,
        memory_bytes: int,
        warm_up: Callable[[], object],
        start_timeout_s: float = 60.0,
        stuck_after_s: float = 30.0,
    ) -> None:
        """Start nothing yet.

        workers: number of processes, at least 1.
        memory_bytes: each worker's limit of private memory, imports included.
        warm_up: importable function, called once in each new worker before it takes jobs.
        start_timeout_s: how long all workers together may take to warm up.
        stuck_after_s: a job still unanswered so long after its time limit means that the pool
            itself hangs (a worker killed while it held the pool's lock does that), and it is
            replaced. Longer than a new worker's warm-up on a busy machine.
        """
        self._workers = workers
        self._memory_bytes = memory_bytes
        self._warm_up = pickle.dumps(warm_up)
        self._start_timeout_s = start_timeout_s
        self._stuck_after_s = stuck_after_s
        self._slots = asyncio.Semaphore(workers)
        self._renewal = asyncio.Lock()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._futures: dict[Future[Any], ProcessPool] = {}
        self._closing = False
        self._starts_before = 0
        self._supervisor: asyncio.Task[None] | None = None
        self._create()

    def _create(self) -> None:
        context = IsolatedContext()
        self._started = context.Semaphore(0)
        self._pool = ProcessPool(
            max_workers=self._workers,
            initializer=isolate,
            initargs=(self._memory_bytes, self._warm_up, self._started),
            context=context,
        )

    async def start(self) -> None:
        """Start all workers and wait until each has warmed up; ConfigurationError if they fail."""
        await asyncio.to_thread(_touch, self._pool)
        try:
            async with asyncio.timeout(self._start_timeout_s):
                while not self._warm():
                    if not self._pool.active:
                        raise ConfigurationError("The media workers fail to start")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise ConfigurationError("The media workers did not start in time") from error
        self._supervisor = asyncio.create_task(self._supervise())

    def _warm(self) -> bool:
        return int(self._started.get_value()) >= self._workers

    @property
    def restarts(self) -> int:
        """How many workers have been started in place of another so far."""
        return max(self._starts_before + int(self._started.get_value()) - self._workers, 0)

    @property
    def running(self) -> int:
        """How many jobs are queued or running."""
        return self._running

    def alive(self) -> bool:
        """Whether jobs sent now would be worked on; for readiness."""
        return not self._closing and self._warm() and bool(self._pool.active)

    async def run(
        self, function: Callable[..., _Result], *args: object, timeout_s: float
    ) -> _Result:
        """Call function(*args) in a worker and return its result.

        function: importable by name; it, its arguments and its result must pickle.
        timeout_s: wall-clock limit from when a worker takes the job; waiting is not counted.
        Cancelling the caller takes the job out of the queue, or kills the worker on it.

        Raises MediaCorruptError when the worker died or ran out of memory, DecodeTimeoutError
        past the limit, OverloadedError while closing, and every exception of the function.
        """
        if self._closing:
            raise OverloadedError("The service is shutting down")
        self._running += 1
        self._idle.clear()
        try:
            async with self._slots:
                try:
                    return await self._attempt(function, args, timeout_s)
                except BrokenProcessPool:
                    # The pool broke, and this job need not be the cause: it gets another try.
                    await self._heal()
                    return await self._attempt(function, args, timeout_s)
        except BrokenProcessPool as error:
            if self._closing:
                raise OverloadedError("The service is shutting down") from error
            raise MediaCorruptError("Decoding the file ended its worker") from error
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _attempt(
        self, function: Callable[..., _Result], args: tuple[object, ...], timeout_s: float
    ) -> _Result:
        pool = self._pool
        try:
            future: Future[_Result] = pool.schedule(function, args=args, timeout=timeout_s)
        except RuntimeError as error:  # what pebble raises for a pool that is not running
            raise BrokenProcessPool from error
        self._futures[future] = pool
        try:
            async with asyncio.timeout(timeout_s + self._stuck_after_s) as guard:
                return await asyncio.wrap_future(future)
        except ProcessExpired as error:
            _log.warning("a media worker died with exit code %s", error.exitcode)
            raise MediaCorruptError("Decoding the file ended its worker") from error
        except TimeoutError as error:
            if guard.expired():
                await self._renew(pool)
                raise BrokenProcessPool from error
            raise DecodeTimeoutError(f"Decoding took longer than {timeout_s:g} seconds") from error
        except MemoryError as error:
            raise MediaCorruptError("Decoding the file needs too much memory") from error
        finally:
            del self._futures[future]

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(_SUPERVISE_S)
            await self._heal()

    async def _heal(self) -> None:
        # pebble gives the whole pool up when a worker dies while no job runs.
        if not self._pool.active:
            await self._renew(self._pool)

    async def _renew(self, broken: ProcessPool) -> None:
        # Shielded: a caller that is cancelled meanwhile must not leave half a replacement.
        renewal = asyncio.create_task(self._replace(broken))
        await asyncio.shield(renewal)

    async def _replace(self, broken: ProcessPool) -> None:
        async with self._renewal:
            if self._closing or self._pool is not broken:
                return
            _log.warning("the pool of media workers is replaced")
            self._starts_before += int(self._started.get_value())
            self._create()
            await asyncio.to_thread(_touch, self._pool)
            await self._stop(broken)

    async def close(self, drain_s: float = 30.0) -> None:
        """Refuse new jobs, let the present ones finish for up to drain_s, then end all workers."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_s)
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        async with self._renewal:
            await self._stop(self._pool)

    async def _stop(self, pool: ProcessPool) -> None:
        await asyncio.to_thread(_stop_and_join, pool)
        # pebble leaves the futures of a stopped pool open for ever.
        for future, owner in list(self._futures.items()):
            if owner is pool and not future.done():
                future.set_exception(BrokenProcessPool())


def _touch(pool: ProcessPool) -> None:
    # A pool starts its processes on the first look at whether it is active.
    _ = pool.active


def _stop_and_join(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
