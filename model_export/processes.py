"""Processes that make crops beside each other."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import TypeVar

import cv2

from service.libraries import library_path

# Workers are started with this process's environment, which cv2 has added to.
os.environ.update(library_path(os.environ))

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_AHEAD = 4
"""Items that are taken up for each worker before the first of their results is asked for."""
START_METHOD = "spawn"
"""A forked process would inherit the locks of OpenCV's threads but not the threads: it hangs as
soon as this process has used them."""


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Spawned workers with one thread each. Raises ValueError when `workers` is not positive."""
    return ProcessPoolExecutor(workers, get_context(START_METHOD), initializer=_begin)


def in_order(
    pool: ProcessPoolExecutor,
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    ahead: int,
) -> Iterator[_Result]:
    """What the pool makes of each item, in their order, no more than `ahead` of them at once.

    Raises what the function raises, and BrokenProcessPool where a process is gone.
    `Executor.map` takes all items up at once: what nobody has asked for yet fills the memory.
    """
    waiting: deque[Future[_Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def results_of(
    function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int
) -> Iterator[_Result]:
    """What a function makes of each item, in their order; with 0 workers this process does it."""
    if not workers:
        yield from map(function, items)
        return
    with process_pool(workers) as pool:
        yield from in_order(pool, function, items, _AHEAD * workers)


def single_threaded() -> None:
    """Keep libraries loaded from now on, and OpenCV, from starting threads of their own.

    The face detector's threads, several to a core, wait for each other ten times longer than
    they work.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)


def _begin() -> None:
    # Ctrl-C in a terminal reaches every process: Python's own handler would end one that waits with
    # a traceback, and have one that works go on with the next item. Where a shell has it ignored,
    # in the background, the command goes on, and so do these.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    single_threaded()


def _end_with_parent() -> None:
    # Who is killed ends no workers, and these would wait for more work for ever: each of them holds
    # the queue's other end, too.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
