"""Under load the event loop runs before those that it hands work to."""

import os
import sys
import threading
from pathlib import Path

import pytest

from service.priority import STEP, stand_back
from tests.benchmarks.processes import tree
from tests.service.running import running_server

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="threads have no levels here")


def levels(process: int) -> dict[int, int]:
    """Nice level of each thread of a process."""
    threads = [int(path.name) for path in Path(f"/proc/{process}/task").iterdir()]
    return {thread: os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}


@linux_only
def test_a_thread_and_those_it_starts_stand_back_and_no_others() -> None:
    before, found = os.getpriority(os.PRIO_PROCESS, 0), []

    def note() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    def work() -> None:
        stand_back()
        note()
        inner = threading.Thread(target=note)
        inner.start()
        inner.join()

    outer = threading.Thread(target=work)
    outer.start()
    outer.join()
    assert found == [min(19, before + STEP)] * 2
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@linux_only
def test_decoding_workers_and_sessions_stand_behind_the_event_loop(model_path: Path) -> None:
    with running_server(model_path, MEDIA__WORKERS="2", DEVICE="cpu") as server:
        root = server.process.pid
        loop = levels(root)[root]
        behind = min(19, loop + STEP)
        workers = [process for process in tree(root) if process != root]
        assert len(workers) == 2
        for worker in workers:
            assert set(levels(worker).values()) == {behind}
        assert behind in levels(root).values()
        assert loop == os.getpriority(os.PRIO_PROCESS, 0)
