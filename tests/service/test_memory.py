"""Freed memory is used again instead of being cleared anew by the kernel."""

import subprocess
import sys

import pytest

COUNT = """
import resource, sys
from service.memory import keep_freed_memory
size, most = int(sys.argv[1]), sys.argv[2]
if most != "default" and not keep_freed_memory(None if most == "all" else int(most)):
    sys.exit(77)
for _ in range(3):
    [b"1" * size for _ in range(6)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    [b"1" * size for _ in range(6)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
SMALL, LARGE = 8 * 2**20, 36 * 2**20


def page_faults(size: int, most: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", COUNT, str(size), most], capture_output=True, text=True, check=False
    )
    if run.returncode == 77:
        pytest.skip("there is no glibc here")
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


@pytest.mark.parametrize(("size", "most"), [(SMALL, "all"), (LARGE, "all"), (SMALL, "67108864")])
def test_blocks_that_are_kept_cost_no_page_faults(size: int, most: str) -> None:
    assert page_faults(size, most) * 10 < page_faults(size, "default")


def test_blocks_over_the_limit_go_back_to_the_kernel() -> None:
    assert page_faults(LARGE, "67108864") > 1_000
