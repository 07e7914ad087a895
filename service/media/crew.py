"""The worker processes of a pool: started, replaced when they die, renewed when they are old."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from service.errors import ConfigurationError, UnmaskError
from service.media.encoding import MalformedError
from service.media.process import Job, Loss, WorkerDefectError, WorkerProcess

_log = logging.getLogger(__name__)

_START_TIMEOUT_S = 60.0
"""How long a worker may take to warm up."""
_LONGEST_PAUSE_S = 5.0
_FAILURES = OSError, WorkerDefectError, UnmaskError, MalformedError
"""What a start can end in, apart from taking too long."""


@dataclass(frozen=True, slots=True)
class CrewPlan:
    """What workers are started with.

    workers: number of processes, at least 1. warm_up: each one's first job. memory_bytes: limit of
    private memory of each, imports included.
    most_answer_bytes: arrays and bytes in an answer; more is no answer. lifetime_s: age at the
    latest at which a worker's successor is started, which it leaves to as soon as it has no job.
    """

    workers: int
    warm_up: Job
    memory_bytes: int
    most_answer_bytes: int
    lifetime_s: float


class Crew:
    """Keeps as many workers alive as planned.

    ready: told of each new worker. old: told of each that is past its time and should leave
    when it has no job: see `leaves`. gone: told of each that has ended. lost: told why, where
    that was not planned, and of each that could not be started in another's place. failing: told
    when one cannot be replaced.
    """

    def __init__(
        self,
        plan: CrewPlan,
        ready: Callable[[WorkerProcess], None],
        old: Callable[[WorkerProcess], None],
        gone: Callable[[WorkerProcess], None],
        *,
        lost: Callable[[Loss], None],
        failing: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._tell_ready, self._tell_old, self._tell_gone = ready, old, gone
        self._tell_lost, self._tell_failing = lost, failing
        self._live: dict[WorkerProcess, asyncio.TimerHandle] = {}  # until it is renewed
        self._renewing: set[WorkerProcess] = set()  # while their successors start
        self._old: set[WorkerProcess] = set()  # when those are there
        self._launches: set[asyncio.Task[None]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._ended = False
        self._restarts = 0
        self._pause_s = 0.0
        self.failing = False
        """Whether the last attempt to replace one failed."""

    async def start(self) -> None:
        """Start all workers and wait until each has warmed up; ConfigurationError if they fail."""
        if self._ended:
            raise ConfigurationError("The media workers have been ended")
        launches = [_keep(self._launches, self._launch()) for _ in range(self._plan.workers)]
        for outcome in await asyncio.gather(*launches, return_exceptions=True):
            if isinstance(outcome, TimeoutError):
                raise ConfigurationError("The media workers did not start in time") from outcome
            if isinstance(outcome, _FAILURES):
                raise ConfigurationError("The media workers fail to start") from outcome
            if outcome is not None:
                raise outcome

    async def _launch(self) -> None:
        started: list[WorkerProcess] = []

        def lost() -> None:
            for worker in started:
                self._lost(worker)

        worker = await WorkerProcess.start(
            self._plan.warm_up,
            lost,
            memory_bytes=self._plan.memory_bytes,
            most_body=self._plan.most_answer_bytes,
            timeout_s=_START_TIMEOUT_S,
        )
        # No await from here on: a launch that is cancelled must not leave a worker behind.
        started.append(worker)
        self.failing = False
        # Not all at once: a start takes a core for a moment.
        self._renew_after(self._plan.lifetime_s * random.uniform(0.5, 1.0), worker)
        self._tell_ready(worker)
        if worker.gone:
            self._lost(worker)

    def _lost(self, worker: WorkerProcess) -> None:
        if worker not in self._live:
            return
        had_successor = worker in self._old
        self._bury(worker)
        if not self._ended:
            self._tell_lost(worker.loss)
            if worker.loss != "died":
                _log.info("a media worker was ended", extra={"reason": worker.loss})
        # Else what starts its successor sees to it.
        if not self._ended and worker not in self._renewing:
            if had_successor:
                self._restarts += 1
            else:
                _keep(self._launches, self._replace(pausing=worker.loss == "died"))

    def _bury(self, worker: WorkerProcess) -> None:
        self._live.pop(worker).cancel()
        self._old.discard(worker)
        self._tell_gone(worker)
        _keep(self._burials, worker.bury())

    async def _replace(self, *, pausing: bool = True) -> None:
        """pausing: whether it had done nothing; one that was ended while it worked can work."""
        while not self._ended:
            if pausing:
                # Workers that die before they have done anything are not replaced ever faster.
                pause_s = self._pause_s
                self._pause_s = min(2 * pause_s + 0.1, _LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s)
            pausing = True
            try:
                await self._launch()
            except Exception:  # noqa: BLE001 -- whatever it is, the pool must get its worker back
                _log.exception("a media worker fails to start")
                self.failing = True
                self._tell_failing()
                self._tell_lost("unstarted")
            else:
                self._restarts += 1
                _log.info("a media worker was replaced")
                return

    def _renew_after(self, seconds: float, worker: WorkerProcess) -> None:
        self._live[worker] = asyncio.get_running_loop().call_later(seconds, self._renew, worker)

    def _renew(self, worker: WorkerProcess) -> None:
        if not self._ended:
            self._renewing.add(worker)
            _keep(self._launches, self._succeed(worker))

    async def _succeed(self, worker: WorkerProcess) -> None:
        """Start a successor first: a renewal costs no capacity."""
        try:
            await self._launch()
        except Exception:  # noqa: BLE001 -- the old one may still work
            _log.exception("a media worker fails to start")
            self._tell_lost("unstarted")
            if worker in self._live:
                self._renew_after(_LONGEST_PAUSE_S, worker)
            else:
                _keep(self._launches, self._replace())
            return
        finally:
            self._renewing.discard(worker)
        if worker in self._live:
            self._old.add(worker)
            self._tell_old(worker)
        else:
            self._restarts += 1

    def leaves(self, worker: WorkerProcess) -> bool:
        """Whether a worker, which must have no job, is past its time; if so it is ended."""
        if worker not in self._old:
            return False
        worker.kill()
        self._bury(worker)
        return True

    def proved(self) -> None:
        """A worker has answered: workers can work, and the next one lost is replaced at once."""
        self._pause_s = 0.0

    @property
    def restarts(self) -> int:
        """How many workers that died have been made good so far."""
        return self._restarts

    @property
    def alive(self) -> int:
        """How many workers live that take jobs."""
        return sum(not worker.gone for worker in self._live if worker not in self._old)

    async def end(self) -> None:
        """End all workers; no other is started."""
        self._ended = True
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
