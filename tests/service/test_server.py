"""A server whose sessions are lost makes way for another process."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from tests.media_files import encode
from tests.service.running import environment, free_port

LOST = """
import sys
from pathlib import Path
from service import cli, opening
from service.inference import pool
from service.inference.session import Session

pool._HOPELESS_S = 2.0
lost = Path(sys.argv.pop())

class Losing(Session):
    def __init__(self, *given):
        if lost.exists():
            raise RuntimeError("CUDA error 719")
        super().__init__(*given)

    def run(self, *given):
        if lost.exists():
            raise RuntimeError("CUDA error 719")
        return super().run(*given)

opening.Session = Losing
sys.exit(cli.main())
"""


def test_a_server_whose_sessions_are_lost_refuses_at_once_and_ends(
    model_path: Path, astronaut: NDArray[np.uint8], tmp_path: Path
) -> None:
    lost, log, port = tmp_path / "lost", tmp_path / "log", free_port()
    settings = {"SERVER__DRAIN_S": "1", "SERVER__DEADLINE_S": "60"}
    with log.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-c", LOST, "serve", "--port", str(port), str(lost)],
            env=environment(model_path, **settings),
            stderr=told,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until_answered(client, 200)
            picture = encode(astronaut)
            assert client.post("/analyze?mask=none", content=picture).status_code == 200
            lost.touch()
            # What the dying session had in hand is answered within the drain.
            assert client.post("/analyze?mask=none", content=picture).status_code in {500, 503}
        assert process.wait(30) == 4
    finally:
        process.kill()
        process.wait()
    lines = log.read_text()
    assert "not ready: the session on cpu is not running" in lines
    assert "another process must do the work" in lines
    assert "CUDA error 719" in lines


def until_answered(client: httpx.Client, status: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if client.get("/readyz").status_code == status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server never became ready")
