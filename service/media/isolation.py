"""What keeps a media worker from doing harm, whoever comes to rule it."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from service.libraries import library_path
from service.memory import keep_freed_memory
from service.priority import stand_back
from service.startup import seal_memory

# Everything else a parent may hold (keys, tokens, addresses) is of no use to a decoder.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
# Workers are the unit of parallelism: threads inside one would only fight over its core.
_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Codecs tell stderr about each broken byte; a hostile file must not be able to fill the logs.
_QUIET = {"OPENCV_LOG_LEVEL": "OFF"}
# Of JPEGs within TIFFs libtiff counts the scans by itself. Those that programs write have one, or
# one of each colour.
_SCANS = {"LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER": "20"}
# A few full-HD frames: freed memory that a worker may keep for its next job. What ONNX Runtime
# keeps comes on top: 10 MiB after small pictures, 90 after one that needed the largest pass.
KEPT_BYTES = 64 * 2**20
_PR_SET_PDEATHSIG = 1  # prctl(2)


def environment() -> dict[str, str]:
    """The whole environment of a worker; it finds the modules that this process finds.

    But for those that relative names stand for: what an editable install leaves is no folder but
    such a name, and would be looked for in the folder that the service was started in, which may
    be somebody else's, or gone.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    folders = [path for path in sys.path if Path(path).is_absolute()]
    if "" in sys.path:
        with contextlib.suppress(OSError):
            folders.insert(0, str(Path.cwd()))
    modules = {"PYTHONPATH": os.pathsep.join(folders)}
    return {**kept, **library_path(os.environ), **modules, **_THREADS, **_QUIET, **_SCANS}


def isolate(memory_bytes: int) -> None:
    """Limit the calling process: runs first in every worker.

    memory_bytes: limit of private writable memory (RLIMIT_DATA); an allocation beyond it fails.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        memory_bytes = min(memory_bytes, most)  # nobody but root may raise it
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    keep_freed_memory(KEPT_BYTES)
    stand_back()
    # Memory that is shared is not in the limit: where there is none left, a worker goes first.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    seal_memory()  # last of what is done below /proc: it is the kernel's from now on
    if sys.platform == "linux":
        # A service that was killed can no longer end the worker that hangs in a codec.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def silence() -> None:
    """Say nothing more: what comes from a decoder must not stand in the service's log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def shut_in() -> None:
    """Open nothing more: no file, no connection, no pipe. What is open stays so.

    Decoding takes memory and the way back, and both are there once a worker is warm. Only root may
    raise the limit again.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
