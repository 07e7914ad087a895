"""What is done with memory once it is free: by the C library, by the garbage collector."""

import ctypes
import gc
import sys

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_LARGEST_THRESHOLD = 32 * 2**20  # glibc refuses more
_EVERYTHING = 2**31 - 1

_ROUND_OBJECTS = 10_000
_YOUNG_ROUNDS, _MIDDLE_ROUNDS = 20, 50


def keep_freed_memory(most_bytes: int | None = None) -> bool:
    """Make glibc keep large freed blocks for the next request; False where there is no glibc.

    most_bytes: how much it may keep unused at the top of its heap; blocks over 32 MiB then go
    back to the kernel as before. None keeps everything.

    WHY: pictures and features are made of blocks of many MiB. Given back to the kernel each
    time, they come again as untouched pages, and clearing those took a third of a training step
    (95 ms a picture, 67 ms with this, one core) and a fifth of a request (2,700 page faults).
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    if most_bytes is None:
        return bool(libc.mallopt(_MMAP_MAX, 0) and libc.mallopt(_TRIM_THRESHOLD, _EVERYTHING))
    return bool(
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
        and libc.mallopt(_TRIM_THRESHOLD, most_bytes)
    )


def spare_the_collector() -> None:
    """Collect garbage once, leave what then lives out of all later rounds, and have fewer of them.

    For a process that has started all it will keep. WHY: a request makes some thousand objects,
    nearly all of which their counts of references free; Python's own rounds, one for every 700 to
    2,000 objects, look through the young ones for nothing and now and then through all modules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ROUND_OBJECTS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)
