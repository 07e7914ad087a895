"""What the tests let workers do; importable, because workers are other processes."""

import os
import signal
import time
from pathlib import Path

from service.errors import UnsupportedMediaError


def add(a: int, b: int) -> int:
    """Harmless."""
    return a + b


def nothing() -> None:
    """A warm-up without cost."""


def never_warm() -> None:
    """A warm-up that fails."""
    raise RuntimeError("no detector here")


def die_after(seconds: float) -> None:
    """Be killed in the middle of a job, as by a crash in a codec or by the kernel."""
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """A decoder that neither returns nor hears signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    while True:
        pass


def bloat(size: int) -> int:
    """A decoder that wants `size` bytes."""
    return len(bytearray(size))


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
    """The environment as Python sees it, and as the kernel shows it."""
    return dict(os.environ), Path("/proc/self/environ").read_bytes()


def write_after(seconds: float, path: str) -> None:
    """Leave a trace, if not stopped before."""
    time.sleep(seconds)
    Path(path).write_text("done")
