"""One worker per session, fed from one queue."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from service.errors import ConfigurationError, DeadlineExceededError, UnmaskError, first_line
from service.inference.batcher import BatchQueue, Entry
from service.inference.device import Device
from service.inference.evidence import Evidence
from service.inference.runs import Crop
from service.inference.session import Session
from service.inference.worker import SessionDiedError, SessionWorker

logger = logging.getLogger(__name__)

_RESTART_PAUSE_S = 0.5
_HOPELESS_S = 30.0
"""For so long a session may fail to open again. After some errors of CUDA nothing works in the
process any more (CUDA's reference, of cudaErrorLaunchFailure and others)."""
_HUNG = 4
"""How many times `stall_s` a batch may run before nobody believes that it ends."""
_MAX_ATTEMPTS = 2


class PoolObserver(Protocol):
    """Who is told what the pool does; implemented by the telemetry."""

    def batch_done(self, crops: int, second_looks: int) -> None: ...

    def worker_restarted(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """Evidence for the crops of one request, in their order.

    queue_s: from submission until the first crop reached a device.
    inference_s: from then until the last evidence was there.
    """

    evidence: tuple[Evidence, ...]
    queue_s: float
    inference_s: float


class InferencePool:
    """Judges crops on one or more devices.

    devices: one for each session; the CPU may be there more than once.
    open_session: opens the session of a device; called in that device's thread, again after
        a session died.
    stall_s: a batch that runs for longer makes the pool not ready.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        open_session: Callable[[Device], Session],
        queue: BatchQueue,
        observer: PoolObserver,
        *,
        stall_s: float = 30.0,
    ) -> None:
        self._devices = tuple(devices)
        self._open_session = open_session
        self._queue = queue
        self._observer = observer
        self._stall_s = stall_s
        self._workers: dict[int, SessionWorker] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._reopening: dict[int, float] = {}
        """Since when each session is opened again, by its place; event loop time."""
        self._failing: set[int] = set()
        """Places of sessions that have failed to open again since then."""

    @property
    def devices(self) -> tuple[Device, ...]:
        return self._devices

    @property
    def queued_crops(self) -> int:
        return len(self._queue)

    @property
    def working(self) -> int:
        """How many sessions take batches."""
        return sum(
            worker.opened.done() and worker.thread.is_alive() and worker.busy_s() <= self._stall_s
            for worker in self._workers.values()
        )

    @property
    def useless(self) -> bool:
        """Whether no session works, and none is about to: crops would wait in vain."""
        now = asyncio.get_running_loop().time()
        hang = any(worker.busy_s() > self._stall_s for worker in self._workers.values())
        open_late = any(now - since > self._stall_s for since in self._reopening.values())
        return (hang or open_late or bool(self._failing)) and not self.working

    def hopeless(self) -> str | None:
        """Why only another process can help, or None."""
        now = asyncio.get_running_loop().time()
        for place, device in enumerate(self._devices):
            worker = self._workers.get(place)
            closed_s = now - self._reopening.get(place, now)
            if closed_s > (_HOPELESS_S if place in self._failing else _HUNG * self._stall_s):
                return f"the session on {device.name} cannot be opened again"
            if worker is not None and worker.busy_s() > _HUNG * self._stall_s:
                return f"the session on {device.name} hangs"
        return None

    def problem(self) -> str | None:
        """Why the pool is not ready, or None when every device works."""
        for place, device in enumerate(self._devices):
            worker = self._workers.get(place)
            if worker is None or not worker.opened.done() or not worker.thread.is_alive():
                return f"the session on {device.name} is not running"
            if worker.busy_s() > self._stall_s:
                return f"the session on {device.name} does not answer"
        if any(keeper.done() for keeper in self._keepers):
            return "a session is no longer watched over"
        return None

    async def start(self) -> None:
        """Open and warm every session. Raises ConfigurationError where one cannot be."""
        try:
            for place in range(len(self._devices)):
                self._workers[place] = self._worker(place)
            sessions = [await worker.opened for worker in self._workers.values()]
        except SessionDiedError as error:
            reason = "" if error.__cause__ is None else f": {first_line(error.__cause__)}"
            raise ConfigurationError(f"A session died while it was opened{reason}.") from error
        finally:
            for worker in self._workers.values():
                worker.opened.add_done_callback(lambda each: each.cancelled() or each.exception())
        self._keepers = [
            asyncio.create_task(self._keep(place, session.largest_batch))
            for place, session in enumerate(sessions)
        ]

    async def stop(self) -> None:
        """End the workers after the batches in hand."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for worker in self._workers.values():
            worker.stop()
        if self._workers:
            await asyncio.wait([worker.exited for worker in self._workers.values()], timeout=5.0)
        for worker in self._workers.values():
            if worker.exited.done():
                worker.thread.join(1.0)  # all it had left to do was to say so

    async def judge(
        self, crops: Sequence[Crop], deadline: float, *, mask_floor: float = -math.inf
    ) -> Judgement:
        """Evidence for crops, each uint8 (size, size, 3). deadline: event loop time.

        mask_floor: crops whose fake_activation - real_activation is not above it may come
        without a mask.

        Raises DeadlineExceededError, or UnmaskError when a crop cannot be judged.
        """
        if not crops:
            return Judgement((), 0.0, 0.0)
        loop = asyncio.get_running_loop()
        begun, lane = time.perf_counter(), object()
        entries = [Entry(crop, lane, loop.create_future(), deadline, mask_floor) for crop in crops]
        for entry in entries:
            self._queue.put(entry)
        try:
            async with asyncio.timeout_at(deadline):
                evidence = await asyncio.gather(*(entry.future for entry in entries))
        except TimeoutError as error:
            raise DeadlineExceededError from error
        finally:
            self._queue.discard(lane)
            for entry in entries:
                entry.future.cancel()
        started = min(entry.started or begun for entry in entries)
        return Judgement(tuple(evidence), started - begun, time.perf_counter() - started)

    def _worker(self, place: int) -> SessionWorker:
        device = self._devices[place]
        return SessionWorker(device.name, partial(self._open_session, device))

    async def _keep(self, place: int, limit: int) -> None:
        """Keep one session fed, and its worker alive."""
        name = self._devices[place].name
        while True:
            worker = self._workers[place]
            feeding = asyncio.create_task(self._feed(worker, limit))
            try:
                awaited: set[asyncio.Future[Any]] = {feeding, worker.exited}
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
            reason = worker.exited.result() if worker.exited.done() else None
            logger.error("the session on %s died", name, exc_info=reason)
            self._observer.worker_restarted()
            worker.stop()
            await self._reopen(place)

    async def _reopen(self, place: int) -> None:
        name = self._devices[place].name
        self._reopening[place] = asyncio.get_running_loop().time()
        while True:
            worker = self._workers[place] = self._worker(place)
            try:
                await worker.opened
            except (ConfigurationError, SessionDiedError):
                logger.exception("the session on %s cannot be opened again", name)
                self._failing.add(place)
                await asyncio.sleep(_RESTART_PAUSE_S)
            else:
                self._failing.discard(place)
                del self._reopening[place]
                return

    async def _feed(self, worker: SessionWorker, limit: int) -> None:
        while True:
            await self._settle(await self._queue.take(limit), worker)

    async def _settle(self, batch: Sequence[Entry], worker: SessionWorker) -> None:
        """Have a batch judged. Its faces leave with this: the next may be long in coming."""
        try:
            # One crop that wants its mask gets every crop of its batch one.
            floor = min(entry.mask_floor for entry in batch)
            outcomes = await worker.run([entry.crop for entry in batch], floor)
        except BaseException:
            for entry in batch:
                self._retry(entry)
            raise
        judged = [outcome for outcome in outcomes if isinstance(outcome, Evidence)]
        self._observer.batch_done(len(batch), sum(each.looks - 1 for each in judged))
        for entry, outcome in zip(batch, outcomes, strict=True):
            if entry.future.done():
                continue
            if isinstance(outcome, Evidence):
                entry.future.set_result(outcome)
            else:
                logger.error("a crop cannot be judged", exc_info=outcome)
                entry.future.set_exception(UnmaskError("A face of this file cannot be judged."))

    def _retry(self, entry: Entry) -> None:
        """Give an entry one more session; a second death is put down to the entry itself."""
        entry.attempts += 1
        if entry.future.done():
            return
        if entry.attempts < _MAX_ATTEMPTS:
            self._queue.put_back(entry)
        else:
            entry.future.set_exception(UnmaskError("A face of this file cannot be judged."))
