"""What is done with memory once it is free: by the C library, by the garbage collector."""

import ctypes
import functools
import gc
import sys

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _PERTURB = -1, -3, -4, -6
_LARGEST_THRESHOLD = 32 * 2**20  # glibc refuses more
_EVERYTHING = 2**31 - 1
_NOUGHTS_TAKEN = 0xFF  # what is taken is filled with its complement, what is freed with itself

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
    libc = _glibc()
    if libc is None:
        return False
    if most_bytes is None:
        return bool(libc.mallopt(_MMAP_MAX, 0) and libc.mallopt(_TRIM_THRESHOLD, _EVERYTHING))
    return bool(
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
        and libc.mallopt(_TRIM_THRESHOLD, most_bytes)
    )


def blank_memory(*, blank: bool) -> None:
    """Have glibc hand out memory filled with noughts, and overwrite what is freed; or end that.

    Blocks of up to 1 KiB, which it keeps at hand, come as they were, and so does what is added to
    one that grows in its place. WHY: a decoder that takes too much for what a file holds shows the
    rest, and that would be what was freed before: faces of others. All the time, it would cost 5 %
    of a picture; 2 % of clips (CPU time of `extract`).
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_PERTURB, _NOUGHTS_TAKEN if blank else 0)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    return libc if hasattr(libc, "gnu_get_libc_version") else None


def spare_the_collector() -> None:
    """Collect garbage once, leave what then lives out of all later rounds, and have fewer of them.

    For a process that has started all it will keep. WHY: a request makes some thousand objects,
    nearly all of which their counts of references free; Python's own rounds, one for every 700 to
    2,000 objects, look through the young ones for nothing and now and then through all modules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ROUND_OBJECTS, _YOUNG_ROUNDS, _MIDDLE_ROUNDS)
