"""Counters that are read at each scrape."""

import threading
import time

from service.telemetry import Telemetry

LOOP, PROCESS = "unmask_event_loop_cpu_seconds_total", "process_cpu_seconds_total"


def test_the_event_loop_s_time_is_that_of_its_thread_alone() -> None:
    """As a session that computes beside it is another."""
    registry = Telemetry().registry

    def compute() -> None:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.5:
            pass

    loop, process = registry.get_sample_value(LOOP), registry.get_sample_value(PROCESS)
    session = threading.Thread(target=compute)
    session.start()
    session.join()
    loop_after, process_after = registry.get_sample_value(LOOP), registry.get_sample_value(PROCESS)
    assert loop is not None
    assert loop_after is not None
    assert process is not None
    assert process_after is not None
    assert 0 < loop <= loop_after < loop + 0.2
    assert process_after > process + 0.4


def test_nothing_is_left_out_where_there_is_no_log() -> None:
    assert Telemetry().registry.get_sample_value("unmask_log_lines_left_out_total") == 0
