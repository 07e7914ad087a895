"""What a process asks of its surroundings before anything else."""

import ctypes
import os
import resource
import signal
import sys
from types import FrameType

_ENOUGH_DESCRIPTORS = 65_536
"""Containers may allow a billion, and whoever closes all of them one by one takes that long."""
_PR_SET_DUMPABLE = 4  # prctl(2)


def occupy_standard_streams() -> None:
    """Put nothing where one is closed: its number would be given to something else, which workers
    inherit as theirs, and which libuv refuses to close."""
    while (nowhere := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(nowhere, True)
    os.close(nowhere)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def seal_memory() -> None:
    """Leave no core file of this process behind, and show its memory to no other of its user.

    WHY: there are pictures of persons in it, and keys. Media workers run as the service's user, and
    one that its file has come to rule could read them below /proc. And where core files go to a
    program, it is handed them whatever their limit says (core(5)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


def end_when_told() -> None:
    """Heed SIGTERM as the first process of a container, too, until a server does it in its way.

    WHY: the kernel passes over signals that the first process has no handler for (signal(7)).
    """

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, leave)


def raise_descriptor_limit() -> None:
    """Allow as many connections as the hard limit does: the soft one is for programs that use
    select(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
