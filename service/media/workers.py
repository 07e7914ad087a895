"""The pool of isolated processes in which untrusted media is decoded."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from service.errors import (
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
    UnmaskError,
)
from service.media.crew import Crew, CrewPlan
from service.media.encoding import MalformedError
from service.media.process import Job, Loss, WorkerDefectError, WorkerProcess, read_answer
from service.media.turns import Turns
from service.media.wire import Incoming
from service.stopwatch import Stopwatch

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)

_ATTEMPTS = 3
_LATE_S = 0.1
_TIMES_TAKEN_UP = 2
"""How often a job may be begun: a second time where its worker was killed from outside."""


class MediaWorkers:
    """Runs functions in worker processes that may crash, hang, bloat or lie without harm.

    Start with `await start()`, end with `await close()`. Each worker has a socket of its own and
    shares nothing with the others, so whatever happens to one, at whatever moment, costs the job
    it had and no other; it is replaced.
    """

    def __init__(
        self,
        workers: int,
        memory_bytes: int,
        warm_up: Callable[[], object],
        answers: tuple[type, ...] = (),
        *,
        lost: Callable[[Loss], None] = lambda _: None,
        lifetime_s: float = 600.0,
        leave_s: float = 0.25,
        most_answer_bytes: int = 256 * 2**20,
    ) -> None:
        """Start nothing yet.

        workers: number of processes, at least 1.
        memory_bytes: each worker's limit of private memory, imports included.
        warm_up: importable function, called once in each new worker before it takes jobs. What
            jobs need of files, their modules included, must be loaded then: see `shut_in`.
        answers: the dataclasses that results are made of.
        lost: told of each worker that ends unplanned, and why.
        lifetime_s: age at the latest at which a worker's successor is started, which it leaves to
            as soon as it has no job: what one file may have left in it must not see later ones
            for ever.
        leave_s: how long a job may go on whose caller is gone. Most are done by then, and
            cheaper to finish than a worker is to replace.
        most_answer_bytes: arrays and bytes in a result; what is larger counts as corrupt. What
            is said of them may take a 256th of it, and 1 MiB in any case.
        """
        plan = CrewPlan(workers, Job.of(warm_up, ()), memory_bytes, most_answer_bytes, lifetime_s)
        self._turns = Turns(self._spare, self._give)
        self._crew = Crew(
            plan,
            ready=self._give,
            old=self._old,
            gone=self._turns.gone,
            lost=lost,
            failing=self._turns.assign,
        )
        self._workers = workers
        self._answers = answers
        self._leave_s = leave_s
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = self._ended = False

    async def start(self) -> None:
        """Start all workers and wait until each has warmed up; ConfigurationError if they fail."""
        await self._crew.start()

    def _old(self, worker: WorkerProcess) -> None:
        if self._turns.is_free(worker):
            self._crew.leaves(worker)

    @property
    def restarts(self) -> int:
        """How many workers that died have been made good so far."""
        return self._crew.restarts

    @property
    def running(self) -> int:
        """How many jobs are queued or running."""
        return self._running

    @property
    def working(self) -> int:
        """How many workers take jobs."""
        return self._crew.alive

    def alive(self) -> bool:
        """Whether jobs sent now would be worked on; for readiness."""
        return not self._closing and self._crew.alive > 0

    async def run(
        self,
        function: Callable[..., _Result],
        *args: object,
        timeout_s: float,
        long: bool = False,
        plausible: Callable[[Any], bool] = lambda _: True,
    ) -> _Result:
        """Call function(*args) in a worker and return its result.

        function: importable by name; it and its arguments must pickle; the result is made of
            plain values, bytes, arrays of numbers and the dataclasses named to the constructor.
        timeout_s: wall-clock limit from when a worker takes the job; waiting is not counted, nor
            what this process stood still, and callers are served in the order in which they came.
        long: whether it may take seconds; of several workers one is always left to other jobs.
        plausible: whether a worker can have come to a result: it may be in the hands of the file
            that it decodes, and then says what it likes.
        Cancelling the caller takes the job out of the queue, or kills the worker on it if it is
        not soon done.

        A job whose worker is killed from outside (see `WorkerProcess.killed_from_outside`) is done
        once more, by another.

        Raises MediaCorruptError when the worker died, ran out of memory or sent something else
        than a plausible answer, DecodeTimeoutError past the limit, OverloadedError while
        closing, every UnmaskError of the function, and WorkerDefectError for any other exception
        in it.
        """
        if self._closing:
            raise OverloadedError("The service is shutting down")
        self._running += 1
        self._idle.clear()
        try:
            taken_up = 0
            for attempt in range(_ATTEMPTS):
                worker = await self._turns.take(long=long, again=attempt > 0)
                try:
                    # Not before: what waits in the queue waits once, not twice.
                    job = Job.of(function, args)
                except BaseException:
                    self._give(worker)
                    raise
                incoming = await self._attempt(worker, job, timeout_s)
                if incoming is not None:
                    result: _Result = self._read(worker, incoming, plausible)
                    return result
                taken_up += worker.begun
                if taken_up == _TIMES_TAKEN_UP:
                    break
            raise MediaCorruptError("Decoding the file ended its worker")
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def _spare(self) -> int:
        """How many workers long jobs may have: all but one.

        Of one that was ended they have none until its successor is there: else whoever sends long
        jobs and leaves would have all workers ended in turn. But where no successor will start
        there must be some.
        """
        least = 1 if self._workers == 1 or self._crew.failing else 0
        # While one is renewed there is one more.
        return max(min(self._crew.alive, self._workers) - 1, least)

    def _give(self, worker: WorkerProcess) -> None:
        if worker.gone or not self._crew.leaves(worker):
            self._turns.give(worker)

    async def _attempt(self, worker: WorkerProcess, job: Job, timeout_s: float) -> Incoming | None:
        """What the worker answers; None when it died through no fault of the job.

        That is before it took the job up, or killed by somebody else than the service.
        """
        answer, watch = worker.begin(job), Stopwatch()
        try:
            await watch.wait(answer, timeout_s)
            if not answer.done():
                # Where this process stood still for a moment, it may be there.
                await asyncio.wait({answer}, timeout=_LATE_S)
        except asyncio.CancelledError:
            until = asyncio.get_running_loop().time() + timeout_s - watch.seconds()
            self._leave(worker, answer, until)
            raise
        if not answer.done():
            answer.cancel()
            worker.kill("timeout")
            raise DecodeTimeoutError(f"Decoding took longer than {timeout_s:g} seconds")
        try:
            return answer.result()
        except ConnectionError as error:
            again = not worker.begun or await worker.killed_from_outside()
            if self._ended:
                raise OverloadedError("The service is shutting down") from error
            if again:
                return None
            raise MediaCorruptError("Decoding the file ended its worker") from error

    def _read(
        self, worker: WorkerProcess, incoming: Incoming, plausible: Callable[[Any], bool]
    ) -> Any:
        self._crew.proved()
        try:
            result = read_answer(incoming, self._answers)
            if not plausible(result):
                raise MalformedError
        except (UnmaskError, WorkerDefectError):
            self._give(worker)
            raise
        except Exception as error:
            _log.warning("a media worker sent what it cannot have found", exc_info=error)
            worker.kill("implausible")
            raise MediaCorruptError("Decoding the file ended its worker") from error
        self._give(worker)
        return result

    def _leave(self, worker: WorkerProcess, answer: asyncio.Future[Incoming], until: float) -> None:
        """Let a job whose caller is gone come to its end, or end it. until: event loop time."""
        loop = asyncio.get_running_loop()
        too_late: asyncio.TimerHandle

        def end() -> None:
            nonlocal too_late
            if self._crew.alive > 1 or self._workers == 1 or loop.time() >= until:
                worker.kill("abandoned")
            else:  # the last that works: it is ended when another is there
                too_late = loop.call_later(self._leave_s, end)

        def over(answer: asyncio.Future[Incoming]) -> None:
            too_late.cancel()
            if answer.exception() is None:
                self._give(worker)

        too_late = loop.call_later(self._leave_s, end)
        answer.add_done_callback(over)

    async def close(self, drain_s: float = 30.0) -> None:
        """Refuse new jobs, let the present ones finish for up to drain_s, then end all workers."""
        self._closing = True
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), drain_s)
        finally:
            self._ended = True
            self._turns.end(OverloadedError("The service is shutting down"))
            await self._crew.end()
