"""The service's handle of one media worker."""

import asyncio
import contextlib
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from service import errors
from service.errors import UnmaskError
from service.media.encoding import MalformedError, decode
from service.media.isolation import environment
from service.media.wire import Inbox, Incoming, frame

_log = logging.getLogger(__name__)

_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, UnmaskError)
}
_MOST_TEXT_BYTES = 2**20
"""512 faces take a quarter of it; it is read on the event loop."""
_BODY_FOR_TEXT = 256
"""Where more arrays are allowed, more is said of them: of a crop's 192 KiB half a kilobyte."""
_MOST_SHOWN = 4000
_BY_ITSELF_S, _KERNEL_S = 0.2, 10.0

Loss = Literal["died", "timeout", "abandoned", "implausible", "unstarted"]
"""Why a worker is no more: by itself or by somebody else's hand, or ended by the service because
its job took too long, had lost its caller, or came to what no file can come to; or why there is
none: it could not be started, or ended before it was warm."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call, packed for any worker."""

    pieces: list[bytes | memoryview]

    @classmethod
    def of(cls, function: Callable[..., object], args: tuple[object, ...]) -> "Job":
        """Raises what pickling them raises."""
        return cls(frame(pickle.dumps((function, args), protocol=5)))


class WorkerDefectError(Exception):
    """A job failed in a way that is our fault, not the file's; holds the worker's traceback."""


class WorkerProcess:
    """One worker process and its socket. Make with `WorkerProcess.start`."""

    def __init__(
        self, process: subprocess.Popen[bytes], inbox: Inbox, transport: asyncio.WriteTransport
    ) -> None:
        self._process = process
        self._inbox = inbox
        self._transport = transport
        self._killed = False
        self._loss: Loss = "died"
        self._from_outside: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(
        cls,
        warm_up: Job,
        lost: Callable[[], None],
        *,
        memory_bytes: int,
        most_body: int,
        timeout_s: float,
    ) -> "WorkerProcess":
        """Start a process and wait until it is warm.

        warm_up: its first job. lost: called when the process has ended or closed its end,
        however that came about. most_body: bytes of arrays in an answer; more is no answer.
        Raises OSError when it cannot be started or ends before it is warm, TimeoutError when it
        takes longer, and what `read_answer` raises when the warm-up fails.
        """
        ours, theirs = socket.socketpair()
        most_text = max(_MOST_TEXT_BYTES, most_body // _BODY_FOR_TEXT)
        inbox = Inbox(most_text, most_body, lost)
        try:
            # The worker alone may hold its end: its closing is how the service learns of a death.
            with theirs:
                process = _spawn(theirs.fileno(), memory_bytes)
        except BaseException:
            ours.close()
            raise
        try:
            transport, _ = await asyncio.get_running_loop().create_unix_connection(
                lambda: inbox, sock=ours
            )
        except BaseException:
            ours.close()
            _end(process, 0.0)
            raise
        worker = cls(process, inbox, transport)
        try:
            async with asyncio.timeout(timeout_s):
                read_answer(await worker.begin(warm_up), ())
        except BaseException:
            worker.kill()
            await worker.bury()
            raise
        return worker

    @property
    def gone(self) -> bool:
        """Whether the worker is known to have ended, or was killed."""
        return self._killed or self._inbox.ended or self._transport.is_closing()

    @property
    def begun(self) -> bool:
        """Whether the worker has taken up the job it was handed last."""
        return self._inbox.begun

    def begin(self, job: Job) -> asyncio.Future[Incoming]:
        """Hand over a job; the worker must have no other. The future is for `read_answer`.

        It ends in ConnectionError when the worker dies, or sends what is no message.
        """
        answer = self._inbox.expect()
        if not self.gone:
            self._transport.writelines(job.pieces)
        return answer

    @property
    def loss(self) -> Loss:
        """Why the worker is no more, once it is."""
        return "implausible" if self._inbox.refused else self._loss

    def kill(self, reason: Loss = "died") -> None:
        """End the process at once: a hung codec does not hear SIGTERM."""
        if not self.gone:
            self._loss = reason
        self._killed = True
        _kill_group(self._process)
        self._transport.abort()

    async def bury(self) -> None:
        """Wait for the end of a killed or dead process, so that it leaves no zombie."""
        self._transport.abort()
        alone = False
        try:
            wait_s = 0.0 if self._killed else _BY_ITSELF_S
            alone = await asyncio.to_thread(_end, self._process, wait_s)
        finally:
            code = self._process.returncode
            if not self._from_outside.done():
                self._from_outside.set_result(
                    alone and not self._killed and code == -signal.SIGKILL
                )
        if not self._killed:
            _log.warning("a media worker died with exit code %s", code)

    async def killed_from_outside(self) -> bool:
        """Whether somebody else than the service killed a worker that is gone; once it is buried.

        An operator, or the kernel in want of memory: no codec dies of SIGKILL, and what a file
        makes a worker take is limited otherwise.
        """
        return await asyncio.shield(self._from_outside)


def _end(process: subprocess.Popen[bytes], by_itself_s: float) -> bool:
    """Give a process some time to end, end it and its group, and reap it.

    Whether it ended by itself.
    """
    until = time.monotonic() + by_itself_s
    while not (alone := _exited(process)) and time.monotonic() < until:
        time.sleep(0.01)
    _kill_group(process)
    with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel holds it: nobody can help
        process.wait(_KERNEL_S)
    return alone


def _exited(process: subprocess.Popen[bytes]) -> bool:
    # Not reaped yet: its number must stay that of its group until the group is ended.
    flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
    try:
        return process.returncode is not None or os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:  # the kernel reaps where the service was started with SIGCHLD ignored
        return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Its group: what a hijacked worker has forked goes with it.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _spawn(descriptor: int, memory_bytes: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- our own program
        [
            sys.executable,
            "-P",
            "-m",
            "service.media.worker",
            str(descriptor),
            str(memory_bytes),
        ],
        env=environment(),
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def read_answer(incoming: Incoming, kinds: Iterable[type]) -> Any:
    """The value that a worker has sent. kinds: the dataclasses that may be in it.

    Raises the UnmaskError that it has sent, WorkerDefectError, and MalformedError when it is
    no answer.
    """
    match decode(incoming.text, incoming.body, kinds):
        case ["value", value]:
            return value
        case ["error", [str(name), str(detail), None | str() as limit, None | int() as retry]]:
            kind = _ERRORS.get(name)
            if kind is not None:
                raise kind(detail[:_MOST_SHOWN], limit=limit, retry_after_s=retry)
        case ["defect", str(text)]:
            raise WorkerDefectError(text[-_MOST_SHOWN:])
    raise MalformedError
