"""What the tests let workers do; importable, because workers are other processes."""

import contextlib
import os
import signal
import socket
import stat
import struct
import time
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
    """A job that writes down which process does it and takes until there is such a file."""
    with trace.open("a") as lines:
        lines.write(f"{os.getpid()}\n")
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


def environment() -> tuple[dict[str, str], bytes]:
    """The environment as Python sees it, and as the kernel shows it, which it may to root alone."""
    shown = b""
    with contextlib.suppress(PermissionError):
        shown = Path("/proc/self/environ").read_bytes()
    return dict(os.environ), shown


def readable(processes: list[int]) -> list[str]:
    """Which files of other processes' memory this one could read."""
    found = []
    for process in processes:
        for name in ("environ", "maps", "mem"):
            with contextlib.suppress(PermissionError), Path(f"/proc/{process}/{name}").open("rb"):
                found.append(f"{name} of {process}")
    return found


def write_after(seconds: float, path: str) -> None:
    """Leave a trace, if not stopped before."""
    time.sleep(seconds)
    Path(path).write_text("done")


def pid_after(seconds: float) -> int:
    """The same of a job long enough for others to need another worker."""
    time.sleep(seconds)
    return os.getpid()


def threads_beside_frames(data: bytes) -> list[int]:
    """How many threads this process has at each of a clip's frames."""
    opened = Clip(sniff(data).name, data, MediaLimits())
    return [len([*Path("/proc/self/task").iterdir()]) for _ in opened.frames(16)]


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


def _own_socket() -> socket.socket:
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if stat.S_ISSOCK(entry.stat().st_mode):
                return socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:
            continue  # the listing's own descriptor
    raise LookupError("no socket")


def _say(text: bytes, body: bytes = b"") -> None:
    _own_socket().sendall(b"".join(frame(text, [memoryview(body)])))


def die_within_an_answer(size: int) -> None:
    """Crash when half of a large answer is out."""
    message = b"".join(frame(*encode(["value", grey(size)])))
    _own_socket().sendall(message[: len(message) // 2])
    os.kill(os.getpid(), signal.SIGSEGV)


def talk_nonsense() -> None:
    """Send what is no message."""
    _own_socket().sendall(b"\xff" * 64)
    time.sleep(60)


def name_a_stranger() -> None:
    """Answer with a class that nobody permitted."""
    _say(b'["value",{"Popen":[["true"]]}]')
    time.sleep(60)


def promise_much(size: int) -> None:
    """Announce an answer larger than the service takes."""
    _own_socket().sendall(struct.pack("!QQ", 10, size))
    time.sleep(60)


def begin_for_ever() -> None:
    """Say again and again that the job has been taken up."""
    while True:
        _own_socket().sendall(BEGUN)


def leave_a_child(path: str) -> int:
    """Fork, and be killed; the child, whose number is left at a path, holds the socket."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    Path(path).write_text(str(child))
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
    return [int(value) for value in np.unique([frame.pixels for frame in opened.frames(16)])]
