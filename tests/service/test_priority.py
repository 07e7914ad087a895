"""Under load the event loop runs before those that it hands work to."""

import contextlib
import os
import sys
import threading
from pathlib import Path

import pytest

from service.devices import share_cores
from service.priority import STEP, SWITCH_S, share_the_interpreter, stand_back
from service.runtime import usable_cpus
from tests.benchmarks.processes import tree
from tests.service.running import running_server

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="threads have no levels here")


def levels(process: int) -> dict[int, int]:
    """Nice level of each thread of a process."""
    found = {}
    for path in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            found[int(path.name)] = os.getpriority(os.PRIO_PROCESS, int(path.name))
    return found


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
        behind = loop + STEP
        if behind > 19:
            pytest.skip("started so far back that nothing can stand behind it")
        workers = [process for process in tree(root) if process != root]
        assert len(workers) == 2
        for worker in workers:
            assert set(levels(worker).values()) == {behind}
        sessions, _ = share_cores(usable_cpus(), 1)
        assert list(levels(root).values()).count(behind) == sessions
        assert loop == os.getpriority(os.PRIO_PROCESS, 0)


@linux_only
def test_where_it_is_forbidden_all_stay_on_one_level(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*given: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    stand_back()
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_threads_take_turns_oftener_than_a_face_is_judged() -> None:
    before = sys.getswitchinterval()
    try:
        share_the_interpreter()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
        assert before > SWITCH_S
    finally:
        sys.setswitchinterval(before)
