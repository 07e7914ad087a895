"""The pool of isolated processes in which untrusted media is decoded."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.errors import (
    ConfigurationError,
    DecodeTimeoutError,
    MediaCorruptError,
    OverloadedError,
    UnmaskError,
)
from service.media.encoding import MalformedError
from service.media.process import Job, WorkerDefectError, WorkerProcess, read_answer
from service.media.wire import Incoming

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 5.0
_ATTEMPTS = 3


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
        start_timeout_s: float = 60.0,
        leave_s: float = 0.25,
        most_answer_bytes: int = 256 * 2**20,
    ) -> None:
        """Start nothing yet.

        workers: number of processes, at least 1.
        memory_bytes: each worker's limit of private memory, imports included.
        warm_up: importable function, called once in each new worker before it takes jobs.
        answers: the dataclasses that results are made of.
        start_timeout_s: how long a worker may take to warm up.
        leave_s: how long a job may go on whose caller is gone. Most are done by then, and
            cheaper to finish than a worker is to replace.
        most_answer_bytes: arrays and bytes in a result; what is larger counts as corrupt.
        """
        self._workers = workers
        self._memory_bytes = memory_bytes
        self._warm_up = Job.of(warm_up, ())
        self._answers = answers
        self._start_timeout_s = start_timeout_s
        self._leave_s = leave_s
        self._most_answer_bytes = most_answer_bytes
        self._live: set[WorkerProcess] = set()
        # The last to have worked is the first to work again: its caches are warm.
        self._free: list[WorkerProcess] = []
        self._waiting: deque[asyncio.Future[WorkerProcess]] = deque()
        self._launches: set[asyncio.Task[None]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = self._ended = False
        self._restarts = 0
        self._pause_s = 0.0

    async def start(self) -> None:
        """Start all workers and wait until each has warmed up; ConfigurationError if they fail."""
        launches = [_keep(self._launches, self._launch()) for _ in range(self._workers)]
        for outcome in await asyncio.gather(*launches, return_exceptions=True):
            if isinstance(outcome, TimeoutError):
                raise ConfigurationError("The media workers did not start in time") from outcome
            if isinstance(outcome, OSError | WorkerDefectError):
                raise ConfigurationError("The media workers fail to start") from outcome
            if outcome is not None:
                raise outcome

    async def _launch(self) -> None:
        started: list[WorkerProcess] = []

        def lost() -> None:
            for worker in started:
                self._lost(worker)

        worker = await WorkerProcess.start(
            self._warm_up,
            lost,
            memory_bytes=self._memory_bytes,
            most_body=self._most_answer_bytes,
            timeout_s=self._start_timeout_s,
        )
        # No await from here on: a launch that is cancelled must not leave a worker behind.
        started.append(worker)
        self._live.add(worker)
        self._give(worker)
        if worker.gone:
            self._lost(worker)

    def _lost(self, worker: WorkerProcess) -> None:
        if worker not in self._live:
            return
        self._live.remove(worker)
        if worker in self._free:
            self._free.remove(worker)
        _keep(self._burials, worker.bury())
        if not self._ended:
            _keep(self._launches, self._replace())

    async def _replace(self) -> None:
        while not self._ended:
            # Workers that die before they have done anything are not replaced ever faster.
            pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s + 0.1, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)
            try:
                await self._launch()
            except Exception:  # noqa: BLE001 -- whatever it is, the pool must get its worker back
                _log.exception("a media worker fails to start")
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
        self,
        function: Callable[..., _Result],
        *args: object,
        timeout_s: float,
        plausible: Callable[[Any], bool] = lambda _: True,
    ) -> _Result:
        """Call function(*args) in a worker and return its result.

        function: importable by name; it and its arguments must pickle; the result is made of
            plain values, bytes, arrays of numbers and the dataclasses named to the constructor.
        timeout_s: wall-clock limit from when a worker takes the job; waiting is not counted, and
            callers are served in the order in which they came.
        plausible: whether a worker can have come to a result: it may be in the hands of the file
            that it decodes, and then says what it likes.
        Cancelling the caller takes the job out of the queue, or kills the worker on it if it is
        not soon done.

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
            for _ in range(_ATTEMPTS):
                worker = await self._take()
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
            raise MediaCorruptError("Decoding the file ended its worker")
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _take(self) -> WorkerProcess:
        while self._free:
            worker = self._free.pop()
            if not worker.gone:
                return worker
        place: asyncio.Future[WorkerProcess] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._give(place.result())
            raise

    def _give(self, worker: WorkerProcess) -> None:
        if worker.gone:
            return
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(worker)
                return
        self._free.append(worker)

    async def _attempt(self, worker: WorkerProcess, job: Job, timeout_s: float) -> Incoming | None:
        """What the worker answers; None when it died before it took the job up."""
        answer = worker.begin(job)
        try:
            await asyncio.wait({answer}, timeout=timeout_s)
        except asyncio.CancelledError:
            self._leave(worker, answer)
            raise
        if not answer.done():
            answer.cancel()
            worker.kill()
            raise DecodeTimeoutError(f"Decoding took longer than {timeout_s:g} seconds")
        try:
            return answer.result()
        except ConnectionError as error:
            if self._ended:
                raise OverloadedError("The service is shutting down") from error
            if not worker.begun:
                return None
            raise MediaCorruptError("Decoding the file ended its worker") from error

    def _read(
        self, worker: WorkerProcess, incoming: Incoming, plausible: Callable[[Any], bool]
    ) -> Any:
        self._pause_s = 0.0
        try:
            result = read_answer(incoming, self._answers)
            if not plausible(result):
                raise MalformedError
        except (UnmaskError, WorkerDefectError):
            self._give(worker)
            raise
        except Exception as error:
            _log.warning("a media worker sent what it cannot have found", exc_info=error)
            worker.kill()
            raise MediaCorruptError("Decoding the file ended its worker") from error
        self._give(worker)
        return result

    def _leave(self, worker: WorkerProcess, answer: asyncio.Future[Incoming]) -> None:
        def over(answer: asyncio.Future[Incoming]) -> None:
            too_late.cancel()
            if answer.exception() is None:
                self._give(worker)

        too_late = asyncio.get_running_loop().call_later(self._leave_s, worker.kill)
        answer.add_done_callback(over)

    async def close(self, drain_s: float = 30.0) -> None:
        """Refuse new jobs, let the present ones finish for up to drain_s, then end all workers."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_s)
        self._ended = True
        for place in self._waiting:
            if not place.done():
                place.set_exception(OverloadedError("The service is shutting down"))
        for launch in self._launches:
            launch.cancel()
        await asyncio.gather(*self._launches, return_exceptions=True)
        for worker in list(self._live):
            worker.kill()
            self._lost(worker)
        await asyncio.gather(*self._burials, return_exceptions=True)


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    # The event loop itself holds tasks weakly.
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
