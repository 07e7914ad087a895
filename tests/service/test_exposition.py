"""Metrics are made anew so often that they are fresh, and so rarely that nobody pays for it."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import Metric

from service.exposition import KEPT_S, Exposition


def test_metrics_are_kept_for_a_moment_and_no_longer() -> None:
    registry, clock = CollectorRegistry(), [5.0]
    counter = Counter("events", "What happened.", registry=registry)
    exposition = Exposition(registry, lambda: clock[0])
    assert b"events_total 0.0" in exposition.text()
    counter.inc()
    clock[0] += 0.9 * KEPT_S
    assert b"events_total 0.0" in exposition.text()
    clock[0] += 0.2 * KEPT_S
    assert b"events_total 1.0" in exposition.text()


def test_who_asks_all_the_time_has_them_made_ten_times_a_second() -> None:
    made: list[float] = []
    clock = [0.0]

    class Registry(CollectorRegistry):
        def collect(self) -> Iterable[Metric]:
            made.append(clock[0])
            return super().collect()

    exposition = Exposition(Registry(), lambda: clock[0])
    for thousandth in range(1000):
        clock[0] = thousandth / 1000
        exposition.text()
    assert len(made) <= 10
