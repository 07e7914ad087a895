"""Memory for a GPU, which is ordinary memory where there is none."""

import numpy as np
import pytest

from service.cuda import PageLocked, device_name, memory_in_use
from service.inference.device import Device


def test_memory_has_the_shape_and_type_asked_for_and_can_be_written() -> None:
    memory = PageLocked((2, 3, 5), np.float32)
    assert memory.array.shape == (2, 3, 5)
    assert memory.array.dtype == np.float32
    assert not memory.array.any()
    memory.array[1, 2, 4] = 7
    assert memory.array.sum() == 7


def test_memory_begins_at_a_page() -> None:
    assert PageLocked((3,), np.uint8).array.ctypes.data % 4096 == 0


def test_without_cuda_nothing_is_locked_and_nothing_known() -> None:
    if memory_in_use(0) is not None:
        pytest.skip("a GPU answers")
    assert not PageLocked((1,), np.uint8).locked
    assert device_name(0) is None


def test_a_gpu_has_a_name_and_pages_are_locked_for_it(gpu: Device) -> None:
    assert "NVIDIA" in (device_name(gpu.index or 0) or "")
    assert PageLocked((1,), np.uint8).locked
