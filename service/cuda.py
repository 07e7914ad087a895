"""NVIDIA's libraries, where they are loaded."""

import ctypes
import mmap
import weakref
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_CUDA = ("libcudart.so.13", "libcudart.so.12")
_TENSORRT = ("libnvinfer.so.10",)
_LARGEST_PROPERTIES = 16_384
_PORTABLE = 1
"""Flag of cudaHostRegister: locked for every device, whichever thread unlocks it."""


def memory_in_use(device_id: int) -> int | None:
    """Bytes in use on a device, of all processes; None where it cannot be told."""
    library = _library()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if library is None or not _succeeds(library, library.cudaSetDevice(device_id)):
        return None
    if not _succeeds(library, library.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))):
        return None
    return total.value - free.value


def device_name(device_id: int) -> str | None:
    """What NVIDIA calls a device, such as "NVIDIA H100 PCIe"; None where it cannot be told."""
    library = _library()
    properties = ctypes.create_string_buffer(_LARGEST_PROPERTIES)
    if library is None:
        return None
    # CUDA 12 gives the older, shorter struct under the plain name; all of them begin with the name.
    status = library.cudaGetDeviceProperties(properties, ctypes.c_int(device_id))
    if not _succeeds(library, status):
        return None
    return properties.value.decode("ascii", "replace")


def tensorrt_version() -> str | None:
    """The version of TensorRT that is loaded, as one number; None without it."""
    library = _library(_TENSORRT)
    return None if library is None else str(library.getInferLibVersion())


class PageLocked:
    """An array that a GPU copies from and to by itself, at the full speed of its bus.

    Memory the kernel may move is copied by the CPU into a buffer of the driver's first.
    array: zeros of the shape and type. locked: False where there is no CUDA, or where the
    driver refuses; the array is ordinary memory then.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        # A mapping of its own: pages are locked whole, and each once only.
        pages = mmap.mmap(-1, max(1, size))
        self.array: NDArray[Any] = np.frombuffer(pages, dtype, int(np.prod(shape))).reshape(shape)
        self.locked = False
        library = _library()
        if library is not None:
            address, length = ctypes.c_void_p(self.array.ctypes.data), ctypes.c_size_t(len(pages))
            status = library.cudaHostRegister(address, length, _PORTABLE)
            self.locked = _succeeds(library, status)
            if self.locked:
                # It holds the mapping: memory must not be unmapped while it is locked.
                release = weakref.finalize(self, _unlock, library, address, pages)
                # At the end of the process a session's thread may still be copying.
                release.atexit = False


def _succeeds(library: ctypes.CDLL, status: int) -> bool:
    """Whether a call succeeded. A failure is forgotten, or the next to ask would take it for its
    own: ONNX Runtime asks after every kernel."""
    if status:
        library.cudaGetLastError()
    return status == 0


def _unlock(library: ctypes.CDLL, address: ctypes.c_void_p, _pages: mmap.mmap) -> None:
    library.cudaHostUnregister(address)


def _library(names: tuple[str, ...] = _CUDA) -> ctypes.CDLL | None:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None
