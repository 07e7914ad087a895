"""Who ends a command is shown no traceback, and none of the processes that help it is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from model_export.cli import main
from tests.service.media.worker_pool import running as is_running
from tests.service.running import ROOT, eventually

COMMAND = """
import os, signal, sys, time
from model_export import cli
from model_export.commands import tabulate
from model_export.processes import process_pool

def work(_):
    with process_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60)
        pool.submit(time.sleep, 60).result()

tabulate.run = work
if __name__ == "__main__":
    # Whoever runs the tests in the background has it ignored.
    signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))
    sys.exit(cli.main(["tabulate", "report.json"]))
"""


def interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize("while_it", ["run", "configure"])
def test_a_command_that_is_interrupted_ends_so(
    while_it: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(f"model_export.commands.tabulate.{while_it}", interrupted)
    assert main(["tabulate", "report.json"]) == 130
    assert capsys.readouterr().err == ""


@pytest.fixture
def busy(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command whose one worker is at work, and the worker's number."""
    heeds = getattr(request, "param", "default_int_handler")
    program = tmp_path / "program.py"
    program.write_text(COMMAND)
    process = subprocess.Popen(
        [sys.executable, program, heeds],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal does, the signal goes to all that the command has started.
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def test_its_processes_end_with_it_and_say_nothing(
    busy: tuple[subprocess.Popen[str], int],
) -> None:
    process, _ = busy
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert told == ""


def test_a_worker_that_hears_of_it_first_is_not_lost(
    busy: tuple[subprocess.Popen[str], int],
) -> None:
    process, worker = busy
    os.kill(worker, signal.SIGINT)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert told == ""


@pytest.mark.parametrize("busy", ["SIG_IGN"], indirect=True)
def test_in_the_background_neither_it_nor_its_processes_heed_it(
    busy: tuple[subprocess.Popen[str], int],
) -> None:
    process, worker = busy
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None
    assert is_running(worker)
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_its_processes_end_with_it_however_it_ends(
    ended_by: signal.Signals, busy: tuple[subprocess.Popen[str], int]
) -> None:
    process, worker = busy
    process.send_signal(ended_by)
    process.wait(timeout=20)
    try:
        eventually(lambda: not is_running(worker))
    finally:
        if is_running(worker):
            os.kill(worker, signal.SIGKILL)
