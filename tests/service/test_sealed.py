"""Neither the service's memory nor a worker's is shown to processes of the same user."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.service.running import ROOT

# Who may read all files, wherever Python lies, but is shown no other process's memory.
AS_NOBODY = [
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
]
SPY = """
import contextlib, os
from pathlib import Path
from service.startup import seal_memory
from tests.service.media.worker_pool import children, with_workers
async def test(pool):
    others = [os.getpid(), *children()]
    assert len(others) == 3
    if os.fork() == 0:
        for other in others:
            for name in ("environ", "maps", "mem"):
                with contextlib.suppress(PermissionError), Path(f"/proc/{other}/{name}").open("rb"):
                    print(name, "of", other, flush=True)
        os._exit(0)
    os.wait()
seal_memory()
with_workers(test)
"""
COMMAND = """
import contextlib, ctypes
from service.cli import main
with contextlib.suppress(SystemExit):
    main(["--version"])
print(ctypes.CDLL(None).prctl(3))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


def told(program: str) -> str:
    """What a program says that does not run as root, from whom nothing is kept."""
    given = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(text: str) -> subprocess.CompletedProcess[str]:
        command = [*(AS_NOBODY if os.geteuid() == 0 else []), sys.executable, "-c", text]
        return subprocess.run(
            command, env=given, capture_output=True, text=True, check=False, timeout=60
        )

    if os.geteuid() == 0 and (shutil.which("setpriv") is None or run("").returncode):
        pytest.skip("root cannot run anything as somebody else here")
    ended = run(program)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_another_process_reads_neither_the_service_nor_a_worker() -> None:
    assert told(SPY) == ""


def test_every_command_is_sealed() -> None:
    assert told(COMMAND).splitlines()[-1] == "0"
