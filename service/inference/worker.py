"""One thread that owns one session."""

import asyncio
import contextlib
import logging
import math
import queue
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.errors import ConfigurationError
from service.inference.evidence import Evidence
from service.inference.runs import Crop
from service.inference.session import Session
from service.priority import stand_back
from service.stopwatch import Stopwatch

logger = logging.getLogger(__name__)
T = TypeVar("T")


class SessionDiedError(Exception):
    """The session, or the thread that owns it, can no longer work."""


@dataclass(frozen=True, slots=True)
class _Job:
    crops: Sequence[Crop]
    mask_floor: float
    reply: asyncio.Future[list[Evidence | Exception]]


class SessionWorker:
    """Opens a session in a thread of its own and runs it there.

    The thread may die of anything, a fault in a driver included: `exited` then resolves with
    the reason and the work in hand fails with SessionDiedError.
    """

    def __init__(self, name: str, open_session: Callable[[], Session]) -> None:
        self._loop = asyncio.get_running_loop()
        self._open = open_session
        self._inbox: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reply: asyncio.Future[list[Evidence | Exception]] | None = None
        self._busy: Stopwatch | None = None
        self.opened: asyncio.Future[Session] = self._loop.create_future()
        self.exited: asyncio.Future[BaseException | None] = self._loop.create_future()
        self.thread = threading.Thread(target=self._main, name=f"session-{name}", daemon=True)
        self.thread.start()

    def busy_s(self) -> float:
        """For how long the batch in hand has been running, see `Stopwatch`; 0.0 when idle."""
        return 0.0 if self._busy is None else self._busy.seconds()

    async def run(
        self, crops: Sequence[Crop], mask_floor: float = -math.inf
    ) -> list[Evidence | Exception]:
        """Judge a batch; a crop that cannot be judged gets its exception in place.

        mask_floor: see `Session.run`.

        Raises SessionDiedError when the session or its thread is at fault.
        """
        if self.exited.done():
            raise SessionDiedError
        self._reply = self._loop.create_future()
        self._busy = Stopwatch()
        self._inbox.put(_Job(crops, mask_floor, self._reply))
        try:
            return await self._reply
        finally:
            self._busy = self._reply = None

    def stop(self) -> None:
        """Let the thread end after the batch in hand."""
        self._inbox.put(None)

    def _main(self) -> None:
        reason: BaseException | None = None
        session: Session | None = None
        try:
            stand_back()
            session = self._open()
            session.warm()
            self._post(_resolve, self.opened, session)
            while self._judge_next(session):
                pass
        except BaseException as error:  # noqa: BLE001 - whatever ended the thread is its reason
            reason = error
        finally:
            # A successor, which is opened as soon as anyone hears of it, needs the device's memory.
            _release(session, reason)
            self._post(self._on_exit, reason)

    def _judge_next(self, session: Session) -> bool:
        """Wait for a batch and judge it; False when there is none to come.

        What is held of it ends with this: between batches there are no faces in memory.
        """
        job = self._inbox.get()
        if job is None:
            return False
        self._post(_resolve, job.reply, judge(session, job.crops, job.mask_floor))
        return True

    def _post(self, callback: Callable[..., None], *args: object) -> None:
        # A thread may outlive a loop that was not shut down in order; then nobody listens.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *args)

    def _on_exit(self, reason: BaseException | None) -> None:
        died = SessionDiedError()
        died.__cause__ = reason
        if not self.opened.done():
            self.opened.set_exception(reason if isinstance(reason, ConfigurationError) else died)
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(died)
        _resolve(self.exited, reason)


def judge(session: Session, crops: Sequence[Crop], mask_floor: float) -> list[Evidence | Exception]:
    """Run a batch; when it fails, split it until each culprit fails alone.

    Raises SessionDiedError when a blank crop fails as well: then no crop is to blame.
    """
    try:
        return list(session.run(crops, mask_floor))
    except Exception as error:  # any failure is handed to the crop that caused it
        if len(crops) > 1:
            # Where a size never works, as for want of memory, every batch of it is run in vain.
            logger.warning("a batch of %d failed and is split", len(crops), exc_info=error)
            middle = len(crops) // 2
            parts = (crops[:middle], crops[middle:])
            return [outcome for part in parts for outcome in judge(session, part, mask_floor)]
        try:
            session.run([session.blank()])
        except Exception as blank_error:
            raise SessionDiedError from blank_error
        return [error]


def _release(session: Session | None, reason: BaseException | None) -> None:
    """Let go of a device in the thread that used it; the frames of an error hold what ran there."""
    while reason is not None:
        traceback.clear_frames(reason.__traceback__)
        reason = reason.__context__
    if session is not None:
        session.close()


def _resolve(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
