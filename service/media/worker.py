"""One process in which untrusted media is decoded, seen from both sides."""

import asyncio
import atexit
import logging
import pickle
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from typing import Any

from service.errors import MediaCorruptError, UnmaskError
from service.media.isolation import isolate
from service.media.wire import (
    BEGUN,
    Inbox,
    Incoming,
    MalformedMessageError,
    pack,
    read_worker,
    receive,
    send,
)

_log = logging.getLogger(__name__)

_JOIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job: its value, an error for the client, or a defect of ours (a traceback).

    The first message of a worker is an empty one: it is warm.
    """

    value: Any = None
    error: UnmaskError | None = None
    defect: str = ""


def read_answer(incoming: Incoming) -> Answer:
    """What a worker has sent. Raises MalformedMessageError when it is no answer."""
    answer = incoming.load(read_worker)
    if not isinstance(answer, Answer):
        raise MalformedMessageError
    return answer


class WorkerDefectError(Exception):
    """A job failed in a way that is our fault, not the file's; holds the worker's traceback."""


def work(connection: socket.socket, memory_bytes: int, warm_up: bytes) -> None:
    """The life of a worker process: isolate itself, warm up, then job after job until the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    isolate(memory_bytes, warm_up)
    send(connection, Answer())
    try:
        while True:
            function, args = receive(connection)
            connection.sendall(BEGUN)
            answer = _answer(function, args)
            try:
                send(connection, answer)
            except (pickle.PicklingError, TypeError):
                send(connection, Answer(defect=traceback.format_exc()))
    except (EOFError, ConnectionError):
        return  # the service is gone, or done with this worker


def _answer(function: Callable[..., object], args: tuple[object, ...]) -> Answer:
    try:
        return Answer(function(*args))
    except UnmaskError as error:
        return Answer(error=error)
    except MemoryError:
        return Answer(error=MediaCorruptError("Decoding the file needs too much memory"))
    except Exception:  # noqa: BLE001 -- it is raised again, in the service
        return Answer(defect=traceback.format_exc())


class Worker:
    """The service's handle of one worker process. Make with `Worker.start`."""

    def __init__(self, process: SpawnProcess, inbox: Inbox, transport: asyncio.Transport) -> None:
        self._process = process
        self._inbox = inbox
        self._transport = transport
        self._discarded = False

    @classmethod
    async def start(
        cls, memory_bytes: int, warm_up: bytes, lost: Callable[[], None], timeout_s: float
    ) -> "Worker":
        """Spawn a process and wait until it is warm.

        lost: called when the process has ended or closed its end, however that came about.
        Raises ConnectionError when it ends before it is warm, TimeoutError when it takes longer.
        """
        ours, theirs = socket.socketpair()
        process = SpawnProcess(
            target=work, args=(theirs, memory_bytes, warm_up), name="unmask-media", daemon=True
        )
        # The worker alone may hold its end: the service learns of its death by its closing.
        with theirs:
            process.start()
        # Before multiprocessing's own handler, which would ask daemons to end by a SIGTERM that
        # workers ignore, and then wait for them.
        atexit.register(process.kill)
        inbox = Inbox(memory_bytes, lost)
        transport, _ = await asyncio.get_running_loop().create_unix_connection(
            lambda: inbox, sock=ours
        )
        worker = cls(process, inbox, transport)
        try:
            async with asyncio.timeout(timeout_s):
                await inbox.expect()
        except BaseException:
            worker.kill()
            await worker.bury()
            raise
        return worker

    @property
    def gone(self) -> bool:
        """Whether the worker is known to have ended, or was killed."""
        return self._discarded or self._inbox.ended

    def begin(
        self, function: Callable[..., object], args: tuple[object, ...]
    ) -> asyncio.Future[Incoming]:
        """Hand over a job; the worker must have no other. The future is for `read_answer`.

        It ends in ConnectionError when the worker dies, or sends what is no answer.
        """
        answer = self._inbox.expect()
        self._transport.writelines(pack((function, args)))
        return answer

    @property
    def begun(self) -> bool:
        """Whether the worker has taken up the job it was handed last."""
        return self._inbox.begun

    def kill(self) -> None:
        """End the process at once: a hung codec does not hear SIGTERM."""
        self._discarded = True
        self._process.kill()
        self._transport.abort()

    async def bury(self) -> None:
        """Wait for the end of a killed or dead process, so that it leaves no zombie."""
        self._process.kill()
        self._transport.abort()
        await asyncio.to_thread(self._process.join, _JOIN_S)
        atexit.unregister(self._process.kill)
        if not self._discarded:
            _log.warning("a media worker died with exit code %s", self._process.exitcode)
