"""Who ends a command by Ctrl-C is shown no traceback, of it or of a process that helps it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from model_export.cli import main
from tests.service.running import ROOT

COMMAND = """
import sys, time
from model_export import cli
from model_export.commands import tabulate
from model_export.processes import process_pool

def work(_):
    with process_pool(1) as pool:
        print(pool.submit(abs, -3).result(), flush=True)
        pool.submit(time.sleep, 60)
        pool.submit(time.sleep, 60).result()

tabulate.run = work
if __name__ == "__main__":
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


def test_its_processes_end_with_it_and_say_nothing(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(COMMAND)
    process = subprocess.Popen(
        [sys.executable, program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal does, the signal goes to all that the command has started.
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "3\n"
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert told == ""
