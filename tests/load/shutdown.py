"""SIGTERM while requests are under way."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import materials
from tests.benchmarks.client import FAILED, finish_load, picture_load, start_load
from tests.load.verdict import Check
from tests.service.running import running_server

_BEFORE_S, _AFTER_S = 3.0, 2.0


def trial(model: Path) -> Iterator[Check]:
    """Every request begun before the signal is answered 200, and the exit code is 0."""
    with running_server(model, SERVER__UNREADY_S="1.0") as server:
        seconds = _BEFORE_S + _AFTER_S
        load = picture_load(server.port, materials.jpeg(), connections=8, seconds=seconds)
        client = start_load(load)
        time.sleep(_BEFORE_S)
        server.process.send_signal(signal.SIGTERM)
        signalled = time.perf_counter()
        outcome = finish_load(client)
        code = server.process.wait(60.0)
        begun = {answer: outcome.started + answer.begun for answer in outcome.answers}
        accepted = [answer for answer in outcome.answers if begun[answer] < signalled]
        under_way = [a for a in accepted if begun[a] + a.seconds > signalled]
        lost = [a for a in accepted if a.status != 200]
        broken = [a for a in outcome.answers if a.status not in (200, 503, FAILED)]
        yield Check(
            "SIGTERM loses no accepted request",
            not lost and not broken and bool(under_way),
            f"{len(accepted)} begun before it, {len(under_way)} of them still under way, "
            f"{len(lost)} lost; all statuses {dict(outcome.statuses)}",
        )
        yield Check("the exit code is 0", code == 0, f"exit code {code}")
