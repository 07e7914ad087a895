"""`unmask analyze`: files without a server."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.cli import main
from service.media.process import WorkerDefectError
from service.media.workers import MediaWorkers
from tests.media_files import clip, encode, moving
from tests.service.running import environment
from tests.service.test_cli import unmask


def test_analyze_prints_a_table_and_goes_on_after_a_broken_file(
    model_path: Path, tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    good, broken = tmp_path / f"go\nod{'d' * 40}.jpg", tmp_path / "bro\nken.jpg"
    good.write_bytes(astronaut_jpeg)
    broken.write_bytes(b"words")
    result = unmask(model_path, "analyze", str(broken), str(good), str(tmp_path / "absent.jpg"))
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["file", "verdict"]
    assert lines[1].startswith("bro\\nken.jpg ")
    assert "unsupported_media" in lines[1]
    verdict = lines[0].index("verdict")
    assert lines[2][:verdict] == "go\\nod" + "d" * 22 + " "
    assert lines[2][verdict] != " "
    assert "invalid_request" in lines[3]


def test_a_fault_of_the_service_costs_its_file_and_no_other(
    model_path: Path,
    tmp_path: Path,
    astronaut_jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = tmp_path / "first.jpg", tmp_path / "second.jpg"
    for path in (first, second):
        path.write_bytes(astronaut_jpeg)
    decode, faults = MediaWorkers.run, ["no file is known to cause one"]

    async def faulty(workers: MediaWorkers, *given: Any, **named: Any) -> Any:
        if faults:
            raise WorkerDefectError(faults.pop())
        return await decode(workers, *given, **named)

    monkeypatch.setattr(MediaWorkers, "run", faulty)
    monkeypatch.setenv("UNMASK_MODEL", str(model_path))
    assert main(["analyze", str(first), str(second)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "internal_error: The file cannot be analysed." in lines[1]
    assert lines[2].startswith("second.jpg")


def test_analyze_writes_json_masks_and_overlays(
    model_path: Path, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    picture, out = tmp_path / "face.png", tmp_path / "out"
    picture.write_bytes(encode(astronaut, ".png"))
    result = unmask(model_path, "analyze", str(picture), "--json", "--out", str(out))
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["file"] == str(picture)
    assert len(report["faces"]) == 1
    mask = cv2.imread(str(out / "face.png.mask.png"), cv2.IMREAD_UNCHANGED)
    overlay = cv2.imread(str(out / "face.png.overlay.jpg"))
    assert mask is not None
    assert overlay is not None
    assert mask.shape == (512, 512)
    assert overlay.shape == (512, 512, 3)
    assert np.count_nonzero(mask) / mask.size == pytest.approx(report["mask"]["area_fraction"])


def test_analyze_draws_clips_too(
    model_path: Path, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    source, out = tmp_path / "face.mp4", tmp_path / "out"
    source.write_bytes(clip(moving(astronaut[:320, 60:380], 12)))
    result = unmask(
        model_path, "analyze", str(source), "--max-frames", "4", "--json", "--out", str(out)
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["media"]["frames_analyzed"] == 4
    assert {path.name for path in out.iterdir()} == {
        *("face.mp4.mask.png", "face.mp4.overlay.jpg", "face.mp4.overlay.webp"),
    }
    with Image.open(out / "face.mp4.overlay.webp") as overlay:
        assert (getattr(overlay, "n_frames", 1), overlay.size) == (4, (320, 320))


def test_a_folder_that_cannot_be_written_is_told(
    model_path: Path, tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    picture, occupied = tmp_path / "face.jpg", tmp_path / "occupied"
    picture.write_bytes(astronaut_jpeg)
    occupied.write_text("a file where a folder should be", "utf-8")
    result = unmask(model_path, "analyze", str(picture), "--out", str(occupied))
    assert result.returncode == 1
    assert "cannot be written" in result.stdout
    assert "Traceback" not in result.stderr


def test_no_part_of_a_picture_is_left_where_there_is_no_room(
    model_path: Path, tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    """The limit of a file's size stands for a disk that is full."""
    picture, out = tmp_path / "face.jpg", tmp_path / "out"
    picture.write_bytes(astronaut_jpeg)
    program, *paths = (shlex.quote(str(path)) for path in (sys.executable, picture, out))
    analyze = "{} -m service.cli analyze {} --out {}".format(program, *paths)
    result = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -f 8; exec {analyze}"],
        env=environment(model_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "The folder cannot be written: File too large" in result.stdout
    assert [path.name for path in out.iterdir()] in ([], ["face.jpg.mask.png"])


def test_progress_shows_on_a_terminal_and_nowhere_else(
    model_path: Path, tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    files = [tmp_path / "first.jpg", tmp_path / "second.jpg"]
    for file in files:
        file.write_bytes(astronaut_jpeg)
    quiet = unmask(model_path, "analyze", *map(str, files))
    assert quiet.stderr == ""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "service.cli", "analyze", *map(str, files)]
    with subprocess.Popen(
        command, env=environment(model_path), stdout=subprocess.PIPE, stderr=terminal, text=True
    ) as process:
        assert process.stdout is not None
        table = process.stdout.read()
    os.close(terminal)
    shown = os.read(controller, 65536).decode()
    os.close(controller)
    assert "[........................] 0 of 2 done, now first.jpg" in shown
    assert "[############............] 1 of 2 done, now second.jpg" in shown
    assert shown.endswith("\r\033[K")
    assert table == quiet.stdout


def test_a_reader_that_leaves_ends_the_command_quietly(
    model_path: Path, tmp_path: Path, astronaut_jpeg: bytes
) -> None:
    picture = tmp_path / "face.jpg"
    picture.write_bytes(astronaut_jpeg)
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", "analyze", "--json", *[str(picture)] * 3],
        env=environment(model_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("{")
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == ""
    assert process.returncode == 128 + signal.SIGPIPE


def test_any_name_can_be_told(model_path: Path, tmp_path: Path, astronaut_jpeg: bytes) -> None:
    odd, plain = tmp_path / os.fsdecode(b"\xff.jpg"), tmp_path / "plain.jpg"
    for path in (odd, plain):
        path.write_bytes(astronaut_jpeg)
    result = subprocess.run(
        [sys.executable, "-m", "service.cli", "analyze", str(odd), str(plain)],
        env=environment(model_path) | {"PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == [
        "\\udcff.jpg",
        "plain.jpg",
    ]
