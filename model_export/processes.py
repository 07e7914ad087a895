"""Processes that make crops beside each other."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cv2

START_METHOD = "spawn"
"""A forked process would inherit the locks of OpenCV's threads but not the threads: it hangs as
soon as this process has used them."""


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Spawned workers with one thread each. Raises ValueError when `workers` is not positive."""
    return ProcessPoolExecutor(workers, get_context(START_METHOD), initializer=single_threaded)


def single_threaded() -> None:
    """Keep libraries loaded from now on, and OpenCV, from starting threads of their own.

    The face detector's threads, several to a core, wait for each other ten times longer than
    they work.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
