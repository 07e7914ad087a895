"""Freed memory is used again instead of being cleared anew by the kernel."""

import subprocess
import sys

import pytest

COUNT = """
import resource, sys
import torch
from model_export.memory import keep_freed_memory
if sys.argv[1] == "keep" and not keep_freed_memory():
    sys.exit(77)
for _ in range(20):
    torch.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(10_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", COUNT, mode], capture_output=True, text=True, check=False
    )
    if run.returncode == 77:
        pytest.skip("there is no glibc here")
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


def test_ten_large_blocks_cost_the_page_faults_of_none() -> None:
    assert page_faults("keep") * 10 < page_faults("default")
