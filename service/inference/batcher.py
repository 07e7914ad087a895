"""The one queue in which the crops of all requests meet."""

import asyncio
import math
import time
from collections import OrderedDict, deque
from dataclasses import dataclass

from service.errors import DeadlineExceededError
from service.inference.evidence import Evidence
from service.inference.runs import Crop


@dataclass(slots=True, eq=False)
class Entry:
    """One crop that waits for its evidence.

    lane: the request it belongs to.
    deadline: event loop time in seconds.
    mask_floor: see `Session.run`.
    started: time.perf_counter() when a batch took the entry; None until then.
    attempts: how many sessions died while they held it.
    """

    crop: Crop
    lane: object
    future: asyncio.Future[Evidence]
    deadline: float
    mask_floor: float = -math.inf
    started: float | None = None
    attempts: int = 0


class BatchQueue:
    """Fair queue of entries, owned by one event loop.

    Batches are dealt one crop per request in turn, so that a clip's many crops never stand
    before a picture's one. Entries whose client is gone or whose deadline passed are dropped
    when they would be dealt and never reach a device. An entry whose session died is dealt alone.
    """

    def __init__(self, linger_s: float = 0.0) -> None:
        self._lanes: OrderedDict[object, deque[Entry]] = OrderedDict()
        self._size = 0
        self._filled = asyncio.Event()
        self._linger_s = linger_s

    def __len__(self) -> int:
        return self._size

    def put(self, entry: Entry) -> None:
        """Add an entry at the end of its request's lane."""
        self._lanes.setdefault(entry.lane, deque()).append(entry)
        self._size += 1
        self._filled.set()

    def put_back(self, entry: Entry) -> None:
        """Return an entry whose session died; it is dealt next."""
        self._lanes.setdefault(entry.lane, deque()).appendleft(entry)
        self._lanes.move_to_end(entry.lane, last=False)
        self._size += 1
        self._filled.set()

    def discard(self, lane: object) -> None:
        """Forget what a request still has waiting."""
        self._size -= len(self._lanes.pop(lane, ()))

    async def take(self, limit: int) -> list[Entry]:
        """Wait for work, then deal at most `limit` live entries, at least one."""
        while True:
            while not self._size:
                self._filled.clear()
                await self._filled.wait()
            if self._linger_s and self._size < limit:
                await asyncio.sleep(self._linger_s)
            # No await from here on: a cancelled taker must not hold entries.
            batch = self._deal(limit)
            if batch:
                return batch

    def _deal(self, limit: int) -> list[Entry]:
        now = asyncio.get_running_loop().time()
        batch: list[Entry] = []
        while self._lanes and len(batch) < limit:
            if batch and (batch[-1].attempts or next(iter(self._lanes.values()))[0].attempts):
                break  # what a session died of would take those beside it along
            lane, entries = self._lanes.popitem(last=False)
            entry = entries.popleft()
            self._size -= 1
            if entries:
                self._lanes[lane] = entries
            if entry.future.done():
                continue
            if entry.deadline <= now:
                entry.future.set_exception(
                    DeadlineExceededError("The deadline passed while the request was queued.")
                )
                continue
            entry.started = time.perf_counter()
            batch.append(entry)
        return batch
