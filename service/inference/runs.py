"""Ways to run a session on a batch."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.cuda import PageLocked
from service.inference.device import Device
from service.inference.model_file import MASK_FLOOR, ModelFile
from service.runtime import Runtime

Crop = NDArray[np.uint8]


class Run(Protocol):
    """Judges as many crops as it was made for.

    name: what it is, for people.
    """

    name: str

    def __call__(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        """The outputs of `ModelSpec.outputs` for crops, each uint8 (size, size, 3).

        The arrays are the caller's to keep. Raises whatever NumPy or ONNX Runtime raise.
        """
        ...


class PlainRun:
    """Any number of crops, with buffers that ONNX Runtime makes anew each time."""

    name = "plain"

    def __init__(self, session: Any, model: ModelFile, options: Any = None) -> None:
        """options: ONNX Runtime's RunOptions, if any."""
        self._session, self._options = session, options
        self._outputs = list(model.spec.outputs)
        self._optional = model.masks_optional

    def __call__(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        given: dict[str, object] = {"image": np.stack(crops)}
        if self._optional:
            given[MASK_FLOOR] = np.array(mask_floor, np.float32)
        return list(self._session.run(self._outputs, given, self._options))


class BoundRun:
    """A fixed number of crops, with buffers that stay where they are.

    Crops go from page-locked memory to a tensor on the device. Outputs come back to page-locked
    memory; those of a captured run stay on the device until they are read, because a CUDA graph
    repeats the kernels and nothing else.
    """

    def __init__(
        self,
        session: Any,
        model: ModelFile,
        device: Device,
        count: int,
        runtime: Runtime,
        *,
        captured: bool = False,
    ) -> None:
        """captured: whether this is to become a CUDA graph.

        Raises ValueError for that where masks are optional: a graph has no branches.
        """
        if captured and model.masks_optional:
            raise ValueError("a model with optional masks cannot be captured")
        self.name = "captured" if captured else "bound"
        self._session, self._runtime, self._captured = session, runtime, captured
        # A graph's number says which of a session's it is; 0 is ONNX Runtime's own.
        self._options = runtime.run_options(graph=count if captured else None)
        self._binding = session.io_binding()
        size = model.spec.input.size
        self._staged = PageLocked((count, size, size, 3), np.uint8)
        self._image = runtime.tensor(self._staged.array.shape, np.uint8, device.index)
        self._binding.bind_ortvalue_input("image", self._image)
        self._unsized = ["mask"] if model.masks_optional else []
        self._pinned: list[PageLocked] = []
        for name, tensor in model.spec.outputs.items():
            if name in self._unsized:
                self._binding.bind_output(name)
                continue
            shape = (count, *tensor.shape)
            if captured:
                value = runtime.tensor(shape, tensor.dtype, device.index)
            else:
                self._pinned.append(PageLocked(shape, tensor.dtype))
                value = runtime.wrapped(self._pinned[-1].array)
            self._binding.bind_ortvalue_output(name, value)

    def __call__(self, crops: Sequence[Crop], mask_floor: float = -math.inf) -> list[NDArray[Any]]:
        np.stack(crops, out=self._staged.array)
        self._image.update_inplace(self._staged.array)
        for name in self._unsized:
            floor = self._runtime.wrapped(np.array(mask_floor, np.float32))
            self._binding.bind_ortvalue_input(MASK_FLOOR, floor)
            # Bound anew, or the last run's output would be filled again, whatever its shape.
            self._binding.bind_output(name)
        self._session.run_with_iobinding(self._binding, self._options)
        values = [value.numpy() for value in self._binding.get_outputs()]
        return values if self._captured else [value.copy() for value in values]
