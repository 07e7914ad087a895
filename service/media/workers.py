"""The pool of isolated processes in which untrusted media is decoded."""

import asyncio
import contextlib
import logging
import pickle
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.errors import (
    ConfigurationError,
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
)
from service.media.wire import Incoming, MalformedMessageError
from service.media.worker import Worker, WorkerDefectError, read_answer

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 5.0


class MediaWorkers:
    """Runs functions in worker processes that may crash, hang or bloat without harm.

    Start with `await start()`, end with `await close()`. Each worker has a socket of its own and
    shares nothing with the others, so whatever happens to one, at whatever moment, costs the job
    it had and no other; it is replaced.
    """

    def __init__(
        self,
        workers: int,
        memory_bytes: int,
        warm_up: Callable[[], object],
        start_timeout_s: float = 60.0,
        leave_s: float = 0.25,
    ) -> None:
        """Start nothing yet.

        workers: number of processes, at least 1.
        memory_bytes: each worker's limit of private memory, imports included.
        warm_up: importable function, called once in each new worker before it takes jobs.
        start_timeout_s: how long a worker may take to warm up.
        leave_s: how long a job may go on whose caller is gone. Most are done by then, and
            cheaper to finish than a worker is to replace.
        """
        self._workers = workers
        self._memory_bytes = memory_bytes
        self._warm_up = pickle.dumps(warm_up)
        self._start_timeout_s = start_timeout_s
        self._leave_s = leave_s
        self._live: set[Worker] = set()
        # The last to have worked is the first to work again: its caches are warm.
        self._free: asyncio.LifoQueue[Worker | None] = asyncio.LifoQueue()
        self._burials: set[asyncio.Task[None]] = set()
        self._replacements: set[asyncio.Task[None]] = set()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._restarts = 0

    async def start(self) -> None:
        """Start all workers and wait until each has warmed up; ConfigurationError if they fail."""
        outcomes = await asyncio.gather(
            *(self._launch() for _ in range(self._workers)), return_exceptions=True
        )
        for error in outcomes:
            if isinstance(error, TimeoutError):
                raise ConfigurationError("The media workers did not start in time") from error
            if isinstance(error, OSError):
                raise ConfigurationError("The media workers fail to start") from error
            if error is not None:
                raise error

    async def _launch(self) -> None:
        holder: list[Worker] = []
        worker = await Worker.start(
            self._memory_bytes,
            self._warm_up,
            lost=lambda: self._lost(holder),
            timeout_s=self._start_timeout_s,
        )
        holder.append(worker)
        self._live.add(worker)
        self._free.put_nowait(worker)

    def _lost(self, holder: list[Worker]) -> None:
        if holder and holder[0] in self._live:  # one that never got warm is its starter's matter
            self._live.remove(holder[0])
            _keep(self._burials, holder[0].bury())
            if not self._closing:
                _keep(self._replacements, self._replace())

    async def _replace(self) -> None:
        pause_s = 0.1
        while True:
            try:
                await self._launch()
            except (OSError, TimeoutError):
                _log.exception("a media worker fails to start; next try in %.1f s", pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self._restarts += 1
                _log.warning("a media worker was replaced")
                return

    @property
    def restarts(self) -> int:
        """How many workers have been started in place of another so far."""
        return self._restarts

    @property
    def running(self) -> int:
        """How many jobs are queued or running."""
        return self._running

    def alive(self) -> bool:
        """Whether jobs sent now would be worked on; for readiness."""
        return not self._closing and bool(self._live)

    async def run(
        self, function: Callable[..., _Result], *args: object, timeout_s: float
    ) -> _Result:
        """Call function(*args) in a worker and return its result.

        function: importable by name; it and its arguments must pickle; the result is made of
            plain values, arrays, dataclasses of the service and its errors.
        timeout_s: wall-clock limit from when a worker takes the job; waiting is not counted.
        Cancelling the caller takes the job out of the queue, or kills the worker on it if it is
        not soon done.

        Raises MediaCorruptError when the worker died, ran out of memory or sent something else
        than an answer, DecodeTimeoutError past the limit, OverloadedError while closing, every
        UnmaskError of the function, and WorkerDefectError for any other exception in it.
        """
        if self._closing:
            raise OverloadedError("The service is shutting down")
        self._running += 1
        self._idle.clear()
        try:
            incoming = None
            while incoming is None:
                worker = await self._take()
                incoming = await self._attempt(worker, function, args, timeout_s)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
        try:
            answer = read_answer(incoming)
        except MalformedMessageError as error:
            _log.error("a media worker sent a malformed answer: %s", error)
            raise MediaCorruptError("Decoding the file ended its worker") from error
        if answer.error is not None:
            raise answer.error
        if answer.defect:
            raise WorkerDefectError(answer.defect)
        result: _Result = answer.value
        return result

    async def _take(self) -> Worker:
        while True:
            worker = await self._free.get()
            if worker is None:  # closing; the others that wait are to know as well
                self._free.put_nowait(None)
                raise OverloadedError("The service is shutting down")
            if not worker.gone:
                return worker

    async def _attempt(
        self,
        worker: Worker,
        function: Callable[..., object],
        args: tuple[object, ...],
        timeout_s: float,
    ) -> Incoming | None:
        """What the worker answers; None when it died before it took the job up."""
        answer = worker.begin(function, args)
        try:
            done, _ = await asyncio.wait({answer}, timeout=timeout_s)
        except asyncio.CancelledError:
            self._leave(worker, answer)
            raise
        if not done:
            worker.kill()
            raise DecodeTimeoutError(f"Decoding took longer than {timeout_s:g} seconds")
        try:
            incoming = answer.result()
        except ConnectionError as error:
            if self._closing:
                raise OverloadedError("The service is shutting down") from error
            if not worker.begun:
                return None
            raise MediaCorruptError("Decoding the file ended its worker") from error
        self._free.put_nowait(worker)
        return incoming

    def _leave(self, worker: Worker, answer: asyncio.Future[Incoming]) -> None:
        def over(answer: asyncio.Future[Incoming]) -> None:
            too_late.cancel()
            if answer.exception() is None:
                self._free.put_nowait(worker)

        too_late = asyncio.get_running_loop().call_later(self._leave_s, worker.kill)
        answer.add_done_callback(over)

    async def close(self, drain_s: float = 30.0) -> None:
        """Refuse new jobs, let the present ones finish for up to drain_s, then end all workers."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_s)
        self._free.put_nowait(None)
        for replacement in self._replacements:
            replacement.cancel()
        live, self._live = self._live, set()
        for worker in live:
            worker.kill()
        await asyncio.gather(
            *(worker.bury() for worker in live),
            *self._burials,
            *self._replacements,
            return_exceptions=True,
        )


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    # The event loop itself holds tasks weakly.
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
