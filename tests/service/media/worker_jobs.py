"""What the tests let workers do; importable, because workers are other processes."""

import contextlib
import os
import signal
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import UnsupportedMediaError
from service.media import codecs
from service.media.clips import Clip
from service.media.encoding import encode
from service.media.limits import MediaLimits
from service.media.sniff import sniff
from service.media.wire import BEGUN, frame


def add(a: int, b: int) -> int:
    """Harmless."""
    return a + b


def nothing() -> None:
    """A warm-up without cost."""


def never_warm() -> None:
    """A warm-up that fails."""
    raise RuntimeError("no detector here")


def warm_by(orders: Path) -> None:
    """A warm-up that waits for a file, and fails where "cold" is in it."""
    wait_for(orders)
    if orders.read_text() == "cold":
        raise RuntimeError("no detector here")


def wait_for(path: Path) -> None:
    """A job that takes until there is such a file."""
    while not path.exists():
        time.sleep(0.02)


def die_after(seconds: float, of: signal.Signals) -> None:
    """End in the middle of a job, as by a crash in a codec (SIGSEGV) or by the kernel (SIGKILL)."""
    time.sleep(seconds)
    os.kill(os.getpid(), of)


def tell_and_wait_for(trace: Path, path: Path) -> int:
    """A job that names a folder after the process that does it, and takes until there is a file."""
    (trace / str(os.getpid())).mkdir()
    wait_for(path)
    return os.getpid()


def hang() -> None:
    """A decoder that neither returns nor hears signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    while True:
        pass


def bloat(size: int) -> int:
    """A decoder that wants `size` bytes."""
    return len(bytearray(size))


def size_of(data: bytes) -> int:
    """How much came."""
    return len(data)


def refuse() -> None:
    """A typed error of our own, with all it carries."""
    raise UnsupportedMediaError("not this one", limit="pixels", retry_after_s=3)


def sleep_then(seconds: float, value: int) -> int:
    """A slow job."""
    time.sleep(seconds)
    return value


def pid() -> int:
    """Which process the job ran in."""
    return os.getpid()


def environment() -> tuple[dict[str, str], int]:
    """The environment as Python sees it, and whose it is."""
    return dict(os.environ), os.getpid()


def opened(path: Path) -> list[str]:
    """What could be opened: a file, a socket, a pipe, and a file in the place of another."""
    attempts: dict[str, Callable[[], object]] = {
        "file": path.read_bytes,
        "socket": socket.socket,
        "pipe": os.pipe,
    }
    found = []
    for closed in (None, 0):
        if closed is not None:
            os.close(closed)
        for name, attempt in attempts.items():
            with contextlib.suppress(OSError):
                attempt()
                found.append(name)
    return found


def folder_after(seconds: float, path: Path) -> None:
    """Leave a trace, if not stopped before."""
    time.sleep(seconds)
    path.mkdir()


def pid_after(seconds: float) -> int:
    """The same of a job long enough for others to need another worker."""
    time.sleep(seconds)
    return os.getpid()


def threads_beside_frames(data: bytes) -> list[int]:
    """How many threads this process has at each of a clip's frames."""
    clip = Clip(sniff(data).name, data, MediaLimits())
    return [Path("/proc/self/task").stat().st_nlink - 2 for _ in clip.frames(16)]


def divide(a: int, b: int) -> float:
    """A job with a defect."""
    return a / b


def unsendable() -> object:
    """A value that does not pickle."""
    return socket


def grey(size: int) -> NDArray[np.uint8]:
    """A large answer."""
    return np.full(size, 128, np.uint8)


def crops(count: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """An answer of small arrays, each with half a kilobyte said of it."""
    return [("x" * 500, np.zeros(8, np.uint8)) for _ in range(count)]


def _shout(data: bytes) -> None:
    """Write to the worker's own socket whatever it is."""
    (own,) = (number for number in range(64) if _is_socket(number))
    while data:
        data = data[os.write(own, data) :]


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def _say(text: bytes, body: bytes = b"") -> None:
    _shout(b"".join(frame(text, [memoryview(body)])))


def die_within_an_answer(size: int) -> None:
    """Crash when half of a large answer is out."""
    message = b"".join(frame(*encode(["value", grey(size)])))
    _shout(message[: len(message) // 2])
    os.kill(os.getpid(), signal.SIGSEGV)


def talk_nonsense() -> None:
    """Send what is no message."""
    _shout(b"\xff" * 64)
    time.sleep(60)


def name_a_stranger() -> None:
    """Answer with a class that nobody permitted."""
    _say(b'["value",{"Popen":[["true"]]}]')
    time.sleep(60)


def promise_much(size: int) -> None:
    """Announce an answer larger than the service takes."""
    _shout(struct.pack("!QQ", 10, size))
    time.sleep(60)


def begin_for_ever() -> None:
    """Say again and again that the job has been taken up."""
    while True:
        _shout(BEGUN)


def answer_twice(seconds: float) -> int:
    """Answer, and after some seconds once more, when nobody has asked."""

    def again() -> None:
        time.sleep(seconds)
        _say(b'["value",5]')

    threading.Thread(target=again).start()
    return 0


def leave_a_child(path: Path) -> int:
    """Fork, and be killed; the child, whose number a link at a path leads to, holds the socket."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    path.symlink_to(str(child))
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def print_lies() -> None:
    """Write what looks like the service's own words."""
    for descriptor in (1, 2):
        os.write(descriptor, b"all is well\n")


def values_behind_the_list(codec: str, data: bytes) -> list[int]:
    """What a clip shows where its codec is read and the worker has freed pictures before."""
    codecs.READ |= {codec}
    for size in (2**16, 2**17, 3 * 2**16, 2**18) * 4:
        bytearray(b"\xa5" * size)
    opened = Clip(sniff(data).name, data, MediaLimits())
    pixels = np.concatenate([frame.pixels.ravel() for frame in opened.frames(16)])
    return [int(value) for value in np.flatnonzero(np.bincount(pixels))]
