"""Freed memory is used again, and what lives on is not searched for garbage again and again."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.running import environment, free_port

COUNT = """
import resource, sys
from service.memory import keep_freed_memory
size, most = int(sys.argv[1]), sys.argv[2]
if most != "default" and not keep_freed_memory(None if most == "all" else int(most)):
    sys.exit(77)
for _ in range(3):
    [b"1" * size for _ in range(6)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    [b"1" * size for _ in range(6)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
ROUNDS = """
import gc, sys
from service.memory import spare_the_collector
if sys.argv[1] == "spared":
    spare_the_collector()
searched = 0
def note(phase, info):
    global searched
    searched += phase == "start" and len(gc.get_objects(info["generation"]))
gc.callbacks.append(note)
for _ in range(200):
    request = [[number] for number in range(5_000)]
    del request
print(searched)
"""
SERVE = """
import gc, os, signal, threading, time
from service.server import serve
from service.settings import Settings

before = gc.get_freeze_count()

def stop():
    while gc.get_freeze_count() == before:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop, daemon=True).start()
raise SystemExit(serve(Settings()))
"""
SMALL, LARGE = 8 * 2**20, 36 * 2**20


def page_faults(size: int, most: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", COUNT, str(size), most], capture_output=True, text=True, check=False
    )
    if run.returncode == 77:
        pytest.skip("there is no glibc here")
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


@pytest.mark.parametrize(("size", "most"), [(SMALL, "all"), (LARGE, "all"), (SMALL, "67108864")])
def test_blocks_that_are_kept_cost_no_page_faults(size: int, most: str) -> None:
    assert page_faults(size, most) * 10 < page_faults(size, "default")


def test_blocks_over_the_limit_go_back_to_the_kernel() -> None:
    assert page_faults(LARGE, "67108864") > 1_000


def test_a_spared_collector_searches_little_of_what_passes() -> None:
    def searched(how: str) -> int:
        run = subprocess.run(
            [sys.executable, "-c", ROUNDS, how], capture_output=True, text=True, check=True
        )
        return int(run.stdout)

    assert searched("spared") * 5 < searched("default")


def test_a_server_that_has_started_spares_the_collector(model_path: Path) -> None:
    settings = environment(model_path, PORT=str(free_port()))
    ended = subprocess.run(
        [sys.executable, "-c", SERVE], env=settings, capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
