"""`kill -9` on media workers while they work."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.benchmarks import materials
from tests.benchmarks.client import finish_load, picture_load, start_load
from tests.benchmarks.processes import command, tree
from tests.load.metrics import total
from tests.load.verdict import Check
from tests.service.running import Running, running_server

_KILLS, _APART_S = 5, 2.5


def trial(model: Path) -> Iterator[Check]:
    """Kill some workers under load; what they had is decoded by others."""
    with running_server(model) as server:
        seconds = _KILLS * _APART_S + 10.0
        load = picture_load(server.port, materials.jpeg(), connections=8, seconds=seconds)
        client = start_load(load)
        killed = 0
        for _ in range(_KILLS):
            time.sleep(_APART_S)
            workers = _media_workers(server)
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(workers[killed % len(workers)], signal.SIGKILL)
                    killed += 1
        outcome = finish_load(client)
        restarts = total(server, "unmask_worker_restarts_total")
        yield Check(
            "a killed media worker costs nobody a request",
            killed == _KILLS and {*outcome.statuses} == {200},
            f"{killed} killed, statuses {dict(outcome.statuses)}",
        )
        yield Check(
            "killed workers are replaced and the service stays ready",
            restarts >= killed and server.client.get("/readyz").status_code == 200,
            f"{restarts:g} restarts counted, /readyz {server.client.get('/readyz').status_code}",
        )


def _media_workers(server: Running) -> list[int]:
    """The server's decoding processes."""
    return [pid for pid in tree(server.process.pid)[1:] if "service.media.worker" in command(pid)]
