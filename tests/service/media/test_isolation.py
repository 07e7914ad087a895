"""What limits a decoding worker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.media.isolation import environment

GIBIBYTE = 2**30
LIMITED = """
import resource
from service.media.isolation import isolate
resource.setrlimit(resource.RLIMIT_DATA, ({most}, {most}))
isolate({asked})
print(*resource.getrlimit(resource.RLIMIT_DATA))
"""


def limits(most: int, asked: int) -> list[int]:
    script = LIMITED.format(most=most, asked=asked)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return [int(limit) for limit in told.stdout.split()]


def test_a_limit_that_is_in_force_already_is_not_raised() -> None:
    """Nobody but root may, and it was set for a reason."""
    assert limits(2 * GIBIBYTE, 8 * GIBIBYTE) == [2 * GIBIBYTE] * 2


def test_a_worker_gets_the_memory_it_is_allowed() -> None:
    assert limits(8 * GIBIBYTE, 2 * GIBIBYTE) == [2 * GIBIBYTE] * 2
    assert limits(-1, 2 * GIBIBYTE) == [2 * GIBIBYTE] * 2


def test_a_worker_leaves_no_picture_behind_and_is_the_first_to_go() -> None:
    script = (
        "import ctypes, resource\nfrom service.media.isolation import isolate\nisolate(2**31)\n"
        "signal = ctypes.c_int()\nctypes.CDLL(None).prctl(2, ctypes.byref(signal))\n"
        "score = open('/proc/self/oom_score_adj').read()\n"
        "dumpable = ctypes.CDLL(None).prctl(3)\n"
        "print(*resource.getrlimit(resource.RLIMIT_CORE), dumpable, score, signal.value)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout.split() == [b"0", b"0", b"0", b"1000", b"9"]


def test_modules_are_looked_for_in_folders_that_have_a_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editable install leaves a relative one, which another's folder may hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "/modules", "__editable__.finder.__path_hook__"])
    assert environment()["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), "/modules"]


def test_workers_start_also_where_the_folder_of_the_service_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    monkeypatch.setattr(sys, "path", ["", *sys.path, "__editable__.finder.__path_hook__"])
    given = environment()
    script = [sys.executable, "-P", "-c", "import service.media.worker"]
    subprocess.run(script, env=given, check=True)
