"""What a media worker does to itself before it touches the first untrusted byte."""

import ctypes
import os
import pickle
import resource
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.memory import keep_freed_memory

# Everything else a parent may hold (keys, tokens, addresses) is of no use to a decoder.
KEPT_VARIABLES = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH"}
)
# Workers are the unit of parallelism: threads inside one would only fight over its core.
_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Codecs tell stderr about each broken byte; a hostile file must not be able to fill the logs.
_QUIET = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
# A few full-HD frames: freed memory that a worker may keep for its next job. What ONNX Runtime
# keeps comes on top: 10 MiB after small pictures, 90 after one that needed the largest pass.
KEPT_BYTES = 64 * 2**20
# env_start and env_end in /proc/PID/stat, counted from the field after the command name.
_ENV_START, _ENV_END = 47, 48


def isolate(memory_bytes: int, warm_up: bytes) -> None:
    """Prepare the calling process: runs first in every worker.

    memory_bytes: limit of private writable memory (RLIMIT_DATA); an allocation beyond it fails.
    warm_up: a pickled callable without arguments; pickled, so that what it imports is imported
        after the environment is clean.
    """
    # The service drains by itself on SIGTERM; service managers send it to the workers as well.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    scrub_environment({**_kept(), **_THREADS, **_QUIET})
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # A crashing decoder's core file would hold the picture of a person.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keep_freed_memory(KEPT_BYTES)
    function: Any = pickle.loads(warm_up)  # noqa: S301 -- made by our own parent process
    function()


def _kept() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}


def scrub_environment(variables: Mapping[str, str]) -> None:
    """Make `variables` the whole environment of this process.

    On Linux the memory block in which the kernel handed over the old one is zeroed too, so that
    it is gone from /proc/self/environ and from what a hijacked decoder could read.
    """
    os.environ.clear()
    os.environ.update(variables)
    stat = Path("/proc/self/stat")
    if stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
        if 0 < start < end:
            ctypes.memset(start, 0, end - start)
