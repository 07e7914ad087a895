"""What the machine offers."""

import importlib
import os
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service import runtime as module
from service.errors import ConfigurationError
from service.runtime import Runtime, device_memory_bytes, usable_cpus


def test_at_least_one_core_is_usable() -> None:
    assert usable_cpus() >= 1


def test_every_runtime_has_the_cpu(runtime: Runtime) -> None:
    assert "CPUExecutionProvider" in runtime.providers()


@pytest.mark.parametrize(("quota", "cores"), [(None, 4), (1, 1), (9, 4)])
def test_a_quota_counts_where_it_is_less_than_the_cores(
    monkeypatch: pytest.MonkeyPatch, quota: int | None, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    monkeypatch.setattr(module, "quota_cores", lambda: quota)
    assert usable_cpus() == cores


def test_memory_that_cannot_be_told_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no descriptor is left to ask with: the other metrics are then needed most."""
    told = device_memory_bytes(None)
    assert told is not None
    assert told > 2**20

    def none_left(*_: object, **__: object) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_text", none_left)
    assert device_memory_bytes(None) is None


def test_what_is_left_of_a_removed_package_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip leaves the folder of two packages when it removes one."""
    monkeypatch.setattr(importlib, "import_module", types.ModuleType)
    with pytest.raises(ConfigurationError, match="damaged"):
        Runtime()


def test_what_is_printed_of_libraries_does_not_stand_in_a_report(
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    package = types.SimpleNamespace(preload_dlls=lambda: print("Failed to load libcublasLt"))  # noqa: T201
    monkeypatch.setattr(runtime, "_package", package)
    monkeypatch.setattr(runtime, "_loaded", False)
    with caplog.at_level("INFO"):
        runtime.load_cuda()
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["Failed to load libcublasLt"]


def test_threads_that_open_sessions_at_once_leave_stdout_as_it_is(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[object] = []

    def load() -> None:
        loads.append(sys.stdout)
        time.sleep(0.01)

    monkeypatch.setattr(runtime, "_package", types.SimpleNamespace(preload_dlls=load))
    monkeypatch.setattr(runtime, "_loaded", False)
    before = sys.stdout
    with ThreadPoolExecutor(4) as threads:
        for each in [threads.submit(runtime.load_cuda) for _ in range(12)]:
            each.result()
    assert len(loads) == 1
    assert sys.stdout is before
