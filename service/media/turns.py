"""Who gets the next free worker."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from service.media.process import WorkerProcess


@dataclass(slots=True, eq=False)
class _Place:
    worker: asyncio.Future[WorkerProcess]
    long: bool


class Turns:
    """Hands free workers to those who wait, in the order in which they came.

    Long jobs wait where they would leave no worker to the others.
    """

    def __init__(self, spare: Callable[[], int], back: Callable[[WorkerProcess], None]) -> None:
        """Nobody waits yet, and no worker is free.

        spare: how many workers long jobs may have at present; see `assign` where it grows.
        back: told of a worker whose taker left before he had it; it may `give` it.
        """
        self._spare, self._back = spare, back
        # The last to have worked is the first to work again: its caches are warm.
        self._free: list[WorkerProcess] = []
        self._waiting: deque[_Place] = deque()
        self._long: set[WorkerProcess] = set()

    async def take(self, *, long: bool, again: bool) -> WorkerProcess:
        """A worker, once it is the caller's turn. again: whose worker died keeps his turn."""
        place = _Place(asyncio.get_running_loop().create_future(), long)
        (self._waiting.appendleft if again else self._waiting.append)(place)
        self.assign()
        try:
            return await place.worker
        except asyncio.CancelledError:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not place.worker.cancelled() and place.worker.exception() is None:
                self._back(place.worker.result())
            raise

    def give(self, worker: WorkerProcess) -> None:
        """A worker is free."""
        self._long.discard(worker)
        if not worker.gone:
            self._free.append(worker)
            self.assign()

    def gone(self, worker: WorkerProcess) -> None:
        """A worker has ended, whatever it did."""
        self._long.discard(worker)
        if worker in self._free:
            self._free.remove(worker)
        self.assign()  # it may have had a long job, which another may now have

    def is_free(self, worker: WorkerProcess) -> bool:
        """Whether it has no job."""
        return worker in self._free

    def assign(self) -> None:
        """Let those go on whose turn it is; also when there is more to spare."""
        self._free = [worker for worker in self._free if not worker.gone]
        for place in [*self._waiting] if self._free else ():
            if not self._free:
                return
            if place.long and len(self._long) >= self._spare():
                continue
            self._waiting.remove(place)
            if place.worker.done():
                continue
            worker = self._free.pop()
            if place.long:
                self._long.add(worker)
            place.worker.set_result(worker)

    def end(self, error: Exception) -> None:
        """Tell all who wait that there will be no worker."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.worker.done():
                place.worker.set_exception(error)
