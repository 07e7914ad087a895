"""Who runs first when there is more to compute than cores."""

import contextlib
import os
import sys
import threading

STEP = 5
"""Nice levels between the event loop and those who compute: of a core that both want, each of them
gets a third of what the loop gets."""
SWITCH_S = 0.0005
"""The interpreter's switch interval. Python's own, 5 ms, is as long as the network takes for a
face: for so long a session with its answer in hand may wait for an event loop that is busy."""


def stand_back() -> None:
    """Let the event loop run before the calling thread, and before threads that it starts.

    For threads and processes that decode or judge: the loop hands out their work and carries
    away what they have done in small pieces, and while it waits for a core, with the interpreter's
    lock perhaps, they soon have nothing to do. Only on Linux, where threads have levels of their
    own; where a sandbox forbids it, all stay on one level.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            level = os.getpriority(os.PRIO_PROCESS, 0) + STEP
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), level)


def share_the_interpreter() -> None:
    """Have the event loop and the sessions' threads take turns more often, in this process."""
    sys.setswitchinterval(SWITCH_S)
