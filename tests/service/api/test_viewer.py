"""The page's scripts, run where there is Node to run them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import service

WEB = Path(service.__file__).parent / "web"
CLIP = [(0.0, 10.0), (10.0, 20.0), (20.0, 20.04), (20.08, 20.12), (30.0, 31.0)]
"""When the analysed frames of a clip are on screen: stills, and frames with others between."""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's scripts, in a folder whose files are known to be modules."""
    folder = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(WEB, folder)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    return folder


def on_screen(
    scripts: Path, times: list[float], clip: list[tuple[float, float]] = CLIP
) -> list[int]:
    """The numbers of the frames of a clip that the page tells of at these times."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    timeline = [{"time_s": start_s, "until_s": end_s} for start_s, end_s in clip]
    asked = f"{json.dumps(times)}.map((time) => onScreen({json.dumps(timeline)}, time))"
    code = f"import {{ onScreen }} from './viewer.js'; console.log(JSON.stringify({asked}));"
    done = subprocess.run(
        [node, "--input-type=module", "--eval", code],
        cwd=scripts,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[int] = json.loads(done.stdout)
    return found


def test_a_still_is_told_of_for_as_long_as_it_is_on_screen(scripts: Path) -> None:
    assert on_screen(scripts, [0.0, 6.0, 9.9, 14.0, 19.0]) == [0, 0, 0, 1, 1]


def test_between_analysed_frames_the_nearest_is_told_of(scripts: Path) -> None:
    assert on_screen(scripts, [20.05, 20.07, 24.0, 28.0, 99.0]) == [2, 3, 3, 4, 4]


def test_where_a_frame_begins_it_is_told_of_however_browsers_round(scripts: Path) -> None:
    starts = [start_s for start_s, _ in CLIP]
    assert on_screen(scripts, starts) == [0, 1, 2, 3, 4]
    assert on_screen(scripts, [start_s - 1e-6 for start_s in starts]) == [0, 1, 2, 3, 4]


def test_where_frames_are_shorter_than_a_thousandth_each_is_told_of_where_it_begins(
    scripts: Path,
) -> None:
    fast = [(number / 2000, (number + 1) / 2000) for number in range(16)]
    assert on_screen(scripts, [start_s for start_s, _ in fast], fast) == [*range(16)]
