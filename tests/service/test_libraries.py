"""No library of the folder that a command was started in is loaded."""

from pathlib import Path

import pytest

from service.libraries import library_path
from service.media.isolation import environment
from tests.hostile_library import runs_what_lies_in

WORKER = """
import cv2
from tests.service.media import worker_jobs as jobs
from tests.service.media.worker_pool import with_workers
async def test(pool):
    assert await pool.run(jobs.add, 1, 2, timeout_s=20) == 3
with_workers(test, 1)
"""


def test_a_media_worker_runs_nothing_that_lies_in_the_current_folder(tmp_path: Path) -> None:
    assert not runs_what_lies_in(tmp_path, WORKER)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), (":", ""), ("/a:", "/a"), (":/a::/b c;;/d", "/a:/b c:/d"), ("/a:/b", "/a:/b")],
)
def test_folders_that_are_named_stay_in_their_order(
    given: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert library_path({"LD_LIBRARY_PATH": given}) == {"LD_LIBRARY_PATH": kept}
    monkeypatch.setenv("LD_LIBRARY_PATH", given)
    assert environment()["LD_LIBRARY_PATH"] == kept


def test_a_variable_that_is_not_set_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library_path({"PATH": "/bin"}) == {}
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    assert "LD_LIBRARY_PATH" not in environment()
