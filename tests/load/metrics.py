"""The service's own metrics, read while it runs."""

import time

from prometheus_client.parser import text_string_to_metric_families

from tests.service.running import Running, metrics_of


def total(server: Running, name: str) -> float:
    """Sum of a metric over all its labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics_of(server.client))
        for sample in family.samples
        if sample.name == name
    )


def settles_at_zero(server: Running, name: str, within_s: float) -> float:
    """Wait until a gauge is 0; its last value."""
    end = time.monotonic() + within_s
    while (value := total(server, name)) and time.monotonic() < end:
        time.sleep(0.2)
    return value
