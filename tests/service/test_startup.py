"""What a process asks of its surroundings first."""

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.service.running import ROOT, environment, free_port, wait_until_ready

SETTINGS = {"MEDIA__WORKERS": "1", "SERVER__UNREADY_S": "0"}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_service_with_closed_streams_works_and_ends_in_order(
    model_path: Path, closed: str
) -> None:
    port = free_port()
    serve = f"exec {shlex.quote(sys.executable)} -m service.cli serve --port {port} {closed}"
    process = subprocess.Popen(
        ["/bin/sh", "-c", serve], env=environment(model_path, **SETTINGS), text=True, cwd=ROOT
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20.0) as client:
            wait_until_ready(process, client)
            limits = Path(f"/proc/{process.pid}/limits").read_text("ascii").splitlines()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
    (core,) = (line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"], "a core file would hold pictures of persons"
    (files,) = (line.split() for line in limits if line.startswith("Max open files"))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert int(files[3]) == min(hard, 65_536)


def as_first_process(then: str) -> subprocess.Popen[bytes]:
    """A process that takes itself for the first of its container, as far as its number goes."""
    program = (
        "import os, signal, time\n"
        "from service.startup import end_when_told\n"
        f"os.getpid = lambda: 1\n{then}\n"
        "end_when_told()\nprint(flush=True)\ntime.sleep(30)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_the_first_process_of_a_container_has_a_handler_while_it_starts() -> None:
    with as_first_process("") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 128 + signal.SIGTERM


def test_any_other_process_dies_of_the_signal_as_ever() -> None:
    with as_first_process("os.getpid = lambda: 7") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a namespace of processes")
def test_the_first_process_of_a_namespace_ends_when_told_at_its_start(model_path: Path) -> None:
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("namespaces of processes cannot be made here")
    serve = [sys.executable, "-m", "service.cli", "serve", "--port", str(free_port())]
    process = subprocess.Popen([*unshare, *serve], env=environment(model_path), cwd=ROOT)
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (found := children.read_text("ascii").split()):
            time.sleep(0.01)
        status = Path(f"/proc/{found[0]}/status")
        # Until the handler is there, the kernel passes the signal over.
        while not int(status.read_text("ascii").partition("SigCgt:")[2].split()[0], 16) & 1 << 14:
            time.sleep(0.01)
        os.kill(int(found[0]), signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
