"""What a tree of processes uses, read from /proc."""

import os
import signal
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# In /proc/PID/stat, counted from the field after the command's name.
_PARENT, _USER, _SYSTEM = 1, 11, 12


def tree(root: int) -> list[int]:
    """A process and all its descendants that are alive, root first."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children[int(fields[_PARENT])].append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children[pid])
    return found


def command(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    with suppress(OSError):
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def memory_bytes(root: int) -> int:
    """Memory of a tree: private pages, and of each shared one the share of this tree.

    Of processes of `unmask` root alone is told that; to others shared pages count in each of them.
    """
    try:
        return sum(_field_bytes(pid, "smaps_rollup", "Pss:") for pid in tree(root))
    except PermissionError:
        return sum(resident_bytes(pid) for pid in tree(root))


def resident_bytes(pid: int) -> int:
    """Resident memory of one process."""
    return _field_bytes(pid, "status", "VmRSS:")


def cpu_seconds(root: int) -> float:
    """Processor time that the living members of a tree have taken."""
    ticks = 0
    for pid in tree(root):
        if fields := _stat(pid):
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    return ticks / _TICKS


def cpu_share(root: int, seconds: float) -> float:
    """Cores that a tree keeps busy, measured over some seconds."""
    before, begun = cpu_seconds(root), time.perf_counter()
    time.sleep(seconds)
    return (cpu_seconds(root) - before) / (time.perf_counter() - begun)


def kill_tree(root: int) -> None:
    """Kill a process that we started, and what it started."""
    for pid in reversed(tree(root)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    with suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []


def _field_bytes(pid: int, file: str, name: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in (_PROC / str(pid) / file).read_text().splitlines():
            if line.startswith(name):
                return 1024 * int(line.split()[1])
    return 0
