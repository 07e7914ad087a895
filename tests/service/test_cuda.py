"""Memory for a GPU, which is ordinary memory where there is none."""

import numpy as np

from service.cuda import PageLocked, memory_in_use


def test_memory_has_the_shape_and_type_asked_for_and_can_be_written() -> None:
    memory = PageLocked((2, 3, 5), np.float32)
    assert memory.array.shape == (2, 3, 5)
    assert memory.array.dtype == np.float32
    assert not memory.array.any()
    memory.array[1, 2, 4] = 7
    assert memory.array.sum() == 7


def test_memory_begins_at_a_page() -> None:
    assert PageLocked((3,), np.uint8).array.ctypes.data % 4096 == 0


def test_pages_are_locked_where_a_gpu_answers_and_only_there() -> None:
    assert PageLocked((1,), np.uint8).locked == (memory_in_use(0) is not None)
