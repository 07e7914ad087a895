"""ONNX Runtime, found at start-up, and the devices it offers."""

import contextlib
import importlib
import io
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import DTypeLike, NDArray

from service.cuda import memory_in_use
from service.errors import ConfigurationError, first_line
from service.quota import quota_cores

_log = logging.getLogger(__name__)

_NO_FOLDER = "/dev/null"


class Runtime:
    """The onnxruntime package as installed: `onnxruntime` or `onnxruntime-gpu`.

    It is found at start-up rather than imported by name, because which of the two wheels is
    there is the choice of who installs, and its absence deserves a sentence.
    """

    def __init__(self) -> None:
        self._loading, self._loaded = threading.Lock(), False
        try:
            self._package: Any = importlib.import_module("onnxruntime")
            # What it says of what it looked for on a GPU is no line of our log; errors are raised.
            self._package.set_default_logger_severity(4)
        except ImportError as error:
            raise ConfigurationError(
                "ONNX Runtime is not installed: install unmask[cpu] or unmask[gpu]."
            ) from error
        except AttributeError as error:
            # Of its two packages one was removed, and with it files of the other.
            raise ConfigurationError(
                "ONNX Runtime is damaged: remove onnxruntime and onnxruntime-gpu, then install "
                "unmask[cpu] or unmask[gpu]."
            ) from error

    @property
    def version(self) -> str:
        return str(self._package.__version__)

    def providers(self) -> list[str]:
        """Execution providers compiled into the wheel, whether or not a device is there."""
        return list(self._package.get_available_providers())

    def load_cuda(self) -> None:
        """Load NVIDIA's libraries, so that `service.cuda` finds them, too.

        Once: what it does to stdout meanwhile is done to the whole process, and threads that open
        sessions must not do it to one another.
        """
        with self._loading:
            if self._loaded or not hasattr(self._package, "preload_dlls"):
                return
            self._loaded = True
            # They come as Python packages outside the loader's search path. What it cannot load
            # it prints, where somebody else may be reading a report.
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self._package.preload_dlls()
            for line in printed.getvalue().splitlines():
                _log.info("%s", line)

    def open(self, model: bytes, providers: Sequence[object], *, threads: int) -> Any:
        """Open a session on a model's bytes. Raises ConfigurationError where it cannot be."""
        names = [p if isinstance(p, str) else p[0] for p in providers]  # type: ignore[index]
        if "CUDAExecutionProvider" in names:
            self.load_cuda()
        options = self._package.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what it would log becomes our error's sentence
        # Spinning threads answer microseconds sooner and burn whole cores while idle, cores
        # that the media workers need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        keep_to_its_bytes(options)
        try:
            # Its Python layer would answer a failed run by opening the model again on the CPU.
            return self._package.InferenceSession(
                model, options, providers=list(providers), enable_fallback=0
            )
        except Exception as error:
            if _NO_FOLDER in str(error):
                raise ConfigurationError(
                    "the model keeps weights in another file: all must lie in its own."
                ) from error
            raise ConfigurationError(
                f"ONNX Runtime {self.version} cannot load the model with {names[0]}: "
                f"{first_line(error)}"
            ) from error

    def run_options(self, *, graph: int | None) -> Any:
        """Options of a run. graph: number of the CUDA graph it becomes; None for none."""
        options = self._package.RunOptions()
        options.add_run_config_entry("gpu_graph_id", str(-1 if graph is None else graph))
        return options

    def tensor(self, shape: Sequence[int], dtype: DTypeLike, gpu: int | None) -> Any:
        """An OrtValue in the memory of a GPU, by its number, or of the CPU for None."""
        place = ("cpu", 0) if gpu is None else ("cuda", gpu)
        return self._package.OrtValue.ortvalue_from_shape_and_type(list(shape), dtype, *place)

    def wrapped(self, array: NDArray[Any]) -> Any:
        """An OrtValue whose memory is the array's."""
        return self._package.OrtValue.ortvalue_from_numpy(array)


def keep_to_its_bytes(options: Any) -> None:
    """Have a session refuse a model with weights in another file; options: its SessionOptions.

    WHY: ONNX Runtime would look for that file in the folder that the process was started in, and
    the model's digest tells nothing of it.
    """
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NO_FOLDER
    )


def usable_cpus() -> int:
    """Cores this process may use: its affinity mask, and its cgroups' quota where one is set."""
    affine = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    quota = quota_cores()
    return max(1, count if quota is None else min(count, quota))


def device_memory_bytes(device_id: int | None) -> int | None:
    """Memory in use: of a CUDA device (all processes), or of this process for None.

    None where it cannot be told.
    """
    if device_id is not None:
        return memory_in_use(device_id)
    try:
        told = Path("/proc/self/statm").read_text("ascii")
    except OSError:  # no such file system, or no descriptor left to open it with
        return None
    return int(told.split()[1]) * os.sysconf("SC_PAGESIZE")
