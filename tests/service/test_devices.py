"""Settings become devices, sessions and threads."""

import logging
from pathlib import Path
from typing import NoReturn

import pytest

from service.devices import (
    obtain_model,
    one_for_each_session,
    prove_devices,
    session_plan,
    share_cores,
)
from service.errors import ConfigurationError
from service.inference.device import Device
from service.inference.model_file import ModelFile
from service.inference.session import Session
from service.runtime import Runtime, usable_cpus
from service.settings import InferenceSettings, Settings
from tests.service.conftest import CPU


@pytest.mark.parametrize(
    ("cpus", "threads", "sessions", "each"),
    [
        (1, None, 1, 1),
        (2, None, 2, 1),
        (8, None, 8, 1),
        (12, None, 6, 2),
        (64, None, 8, 8),
        (4, 4, 1, 4),
        (4, 2, 2, 2),
        (2, 6, 1, 6),
        (32, 1, 8, 1),
    ],
)
def test_cores_are_shared_among_sessions(
    cpus: int, threads: int | None, sessions: int, each: int
) -> None:
    assert share_cores(cpus, threads) == (sessions, each)


@pytest.mark.parametrize(
    ("devices", "wanted", "graphs"),
    [((0,), True, True), ((1,), False, False), ((0, 1), True, False)],
)
def test_graphs_are_captured_on_a_single_gpu_only(
    devices: tuple[int, ...], wanted: bool, graphs: bool
) -> None:
    inference = InferenceSettings(devices=devices, cuda_graphs=wanted)
    assert session_plan(Settings(inference=inference)).graphs is graphs


def test_the_cpu_is_there_once_for_each_session_and_a_gpu_once() -> None:
    settings = Settings(inference=InferenceSettings(threads=1))
    cpu, gpu = Device("cpu"), Device("cuda", 0)
    assert session_plan(settings).threads == 1
    assert one_for_each_session([cpu], settings) == [cpu] * min(8, usable_cpus())
    assert one_for_each_session([gpu], settings) == [gpu]


def test_where_no_gpu_answers_the_cpu_says_why_it_runs_the_model(
    model_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wheel that has CUDA, on a machine that has none."""
    runtime = Runtime()
    offered = ["CUDAExecutionProvider", *runtime.providers()]
    monkeypatch.setattr(Runtime, "providers", lambda _: offered)
    with (
        caplog.at_level(logging.WARNING, "service.devices"),
        pytest.warns(UserWarning, match="'CUDAExecutionProvider' is not in available"),
    ):
        _, devices = obtain_model(Settings(model=model_path), runtime)
    assert devices == [Device("cpu")]
    assert "the CPU runs the model: " in caplog.text


def test_a_device_that_opens_the_model_and_cannot_run_it_is_no_device(
    model: ModelFile, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise RuntimeError("no kernel image is available\nfor execution")

    monkeypatch.setattr(Session, "run", fails)
    with pytest.raises(ConfigurationError, match="'cpu' does not run the model: no kernel image"):
        prove_devices([CPU], Settings(), model, runtime, judging=True)
    prove_devices([CPU], Settings(), model, runtime, judging=False)
