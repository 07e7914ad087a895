"""Counters that others keep, read at each scrape."""

import threading
import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from service.logs import lines_left_out


class Readings(Collector):
    """What the log and the kernel have counted."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counters as they are now."""
        yield CounterMetricFamily(
            "unmask_log_lines_left_out",
            "Lines of the log that were left out because nobody read them, or for lack of room.",
            value=lines_left_out(),
        )
        seconds = _event_loop_cpu_s()
        if seconds is not None:
            yield CounterMetricFamily(
                "unmask_event_loop_cpu_seconds",
                "CPU time of the event loop's thread alone, without the sessions, which are "
                "threads of the same process.",
                value=seconds,
            )


def _event_loop_cpu_s() -> float | None:
    """Seconds of the main thread, in which a server's event loop runs; None where nobody knows."""
    ident = threading.main_thread().ident
    if ident is None or not hasattr(time, "pthread_getcpuclockid"):
        return None
    return time.clock_gettime(time.pthread_getcpuclockid(ident))
