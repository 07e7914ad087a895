"""Five times as much as the service can do arrives, and keeps arriving; and clients who come back
at once when they are refused."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import materials
from tests.benchmarks.client import picture_load, run_load
from tests.load.verdict import Check
from tests.service.running import running_server

_TIMES = 5
_CAPACITY_CROPS = 32
"""Small enough that what is let in is answered well before the deadline on two cores."""


def trial(model: Path, *, seconds: float = 20.0, deadline_s: float = 10.0) -> Iterator[Check]:
    """Peak first, then the overload on the same server, then the impatient."""
    picture = materials.jpeg()
    settings = {
        "SERVER__DEADLINE_S": str(deadline_s),
        "INFERENCE__CAPACITY_CROPS": str(_CAPACITY_CROPS),
    }
    with running_server(model, **settings) as server:
        run_load(picture_load(server.port, picture, connections=8, seconds=2.0))
        peak = run_load(picture_load(server.port, picture, connections=8, seconds=seconds / 2))
        flood = run_load(
            picture_load(
                server.port,
                picture,
                connections=20 * _CAPACITY_CROPS,
                seconds=seconds,
                per_second=_TIMES * peak.rate(),
            )
        )
        sent = len(flood.answers) / seconds
        # What was let in at the end is answered after the last request was sent: goodput
        # counts over the whole time.
        yield Check(
            "goodput under overload is at least 0.90 of peak",
            flood.rate() >= 0.9 * peak.rate(),
            f"{flood.rate():.1f} of {peak.rate():.1f} a second ({flood.rate() / peak.rate():.2f}) "
            f"with {sent:.0f} a second arriving; the client itself took "
            f"{flood.cpu_s / flood.seconds:.2f} of a core",
        )
        others = [a for a in flood.answers if a.status != 200]
        told = [a for a in others if a.status == 503 and (a.retry_after or "").isdecimal()]
        waits = [int(a.retry_after or 0) for a in told]
        yield Check(
            "every refusal is a 503 with Retry-After",
            bool(others) and len(told) == len(others),
            f"{len(told)} of {len(others)} refusals, {min(waits, default=0)} to "
            f"{max(waits, default=0)} seconds; statuses {dict(flood.statuses)}",
        )
        yield Check(
            "p99 of the accepted stays under the deadline",
            flood.percentile_ms(99) < 1000 * deadline_s,
            f"{flood.percentile_ms(99):.0f} ms of {1000 * deadline_s:.0f} ms",
        )
        impatient = run_load(
            picture_load(
                server.port, picture, connections=_TIMES * _CAPACITY_CROPS, seconds=seconds / 2
            )
        )
        yield Check(
            "goodput with five times as many clients as there is room for, none of whom heeds "
            "Retry-After, is at least 0.90 of peak",
            impatient.rate() >= 0.9 * peak.rate(),
            f"{impatient.rate():.1f} of {peak.rate():.1f} a second "
            f"({impatient.rate() / peak.rate():.2f}); statuses {dict(impatient.statuses)}; the "
            f"client itself took {impatient.cpu_s / impatient.seconds:.2f} of a core",
        )
