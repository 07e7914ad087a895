"""Logs are JSON lines, and nobody who reads them can stop the service."""

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.logs import JsonFormatter, UnhurriedHandler
from tests.service.running import ROOT, running_server


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The ends of a pipe: read here, write there."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def logger_to(descriptor: int) -> logging.Logger:
    logger = logging.Logger("test")
    handler = UnhurriedHandler(descriptor)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    return logger


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def test_a_line_is_an_object_with_what_belongs_to_the_event(pipe: tuple[int, int]) -> None:
    logger = logger_to(pipe[1])
    try:
        raise ValueError("grüße\n")
    except ValueError:
        logger.exception("it failed %d times", 2, extra={"code": "x"})
    (told,) = lines(os.read(pipe[0], 2**16))
    assert (told["message"], told["level"], told["code"]) == ("it failed 2 times", "error", "x")
    assert "ValueError: grüße" in told["exception"]


def test_whatever_belongs_to_an_event_can_be_told(pipe: tuple[int, int]) -> None:
    extra = {"place": Path("a"), "color_message": "\033[36mtold\033[0m"}
    logger_to(pipe[1]).info("of %s", os.fsdecode(b"\xff.jpg"), extra=extra)
    (told,) = lines(os.read(pipe[0], 2**16))
    assert (told["message"], told["place"]) == ("of \udcff.jpg", "a")
    assert "color_message" not in told, "uvicorn says everything twice"


def test_what_nobody_reads_is_left_out_and_counted(pipe: tuple[int, int]) -> None:
    logger = logger_to(pipe[1])
    for number in range(2000):
        logger.info("line", extra={"number": number, "long": "a" * 100})
    logger.info("x" * 100_000)
    read = os.read(pipe[0], 2**20)
    logger.info("again")
    *earlier, missed, again = lines(read + os.read(pipe[0], 2**16))
    assert [line["number"] for line in earlier] == [*range(len(earlier))]
    assert missed["count"] == 2001 - len(earlier)
    assert missed["level"] == "warning"
    assert again["message"] == "again"


def test_neither_a_full_disk_nor_a_reader_that_left_is_an_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    logger_to(pipe[1]).info("to nobody")
    full = os.open("/dev/full", os.O_WRONLY)
    logger_to(full).info("to nowhere")
    os.close(full)


def test_a_terminal_that_nobody_reads_holds_nobody_up() -> None:
    """It says that it takes more as soon as a byte is read."""
    controller, terminal = pty.openpty()
    try:
        logger = logger_to(terminal)
        for number in range(2000):
            logger.info("line", extra={"number": number, "long": "a" * 100})
        assert os.read(controller, 100)
        logger.info("line", extra={"number": 2000, "long": "a" * 5000})
    finally:
        os.close(controller)
        os.close(terminal)


def test_a_line_that_only_begins_to_fit_is_left_out_whole(tmp_path: Path) -> None:
    """As on a disk that is nearly full; the limit of a file's size ends writing alike."""
    log = tmp_path / "log"
    program = (
        "import logging, resource, signal, sys\n"
        "from service.logs import configure_logging\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "configure_logging('info')\n"
        "for most in (1000, 100_000):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (most, 100_000))\n"
        "    for number in range(20):\n"
        "        logging.info('line', extra={'number': number})\n"
    )
    with log.open("w") as stderr:
        subprocess.run([sys.executable, "-c", program], stderr=stderr, cwd=ROOT, check=True)
    told, broken = [], []
    for line in log.read_text("utf-8").splitlines():
        try:
            told.append(json.loads(line))
        except json.JSONDecodeError:
            broken.append(line)
    assert len(broken) == 1, "the one that did not fit, on a line of its own"
    (missed,) = (line["count"] for line in told if "count" in line)
    assert missed + len(told) - 1 == 40


def test_only_lines_of_the_level_asked_for_are_written_and_nothing_beside_them() -> None:
    program = (
        "import logging\n"
        "from service.logs import configure_logging\n"
        "logging.basicConfig()\n"
        "configure_logging('warning')\n"
        "logging.info('too little')\n"
        "logging.getLogger('uvicorn.access').error('told otherwise')\n"
        "logging.warning('enough')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, check=True)
    assert [line["message"] for line in lines(run.stderr)] == ["enough"]


SETTINGS = {"MEDIA__WORKERS": "1", "SERVER__UNREADY_S": "0"}


def test_a_service_goes_on_whose_log_nobody_reads(model_path: Path) -> None:
    with running_server(model_path, subprocess.PIPE, **SETTINGS) as server:
        for _ in range(600):  # twice of what the pipe holds
            assert server.client.post("/analyze", content=b"words").status_code == 415
        told = re.findall(
            r"^unmask_log_lines_left_out_total (\S+)$",
            server.client.get("/metrics").text,
            re.MULTILINE,
        )
        assert 0 < float(told[0]) < 600
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
        assert server.process.stderr is not None
        server.process.stderr.close()


def test_a_service_starts_whose_log_is_full(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the warning of a setting that is none can be written."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it nothing is left to be written
    with (
        Path("/dev/full").open("w") as full,
        running_server(model_path, full, NO_SETTING="1", **SETTINGS) as server,
    ):
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0


def test_a_line_that_cannot_be_told_is_told_of(pipe: tuple[int, int]) -> None:
    logger_to(pipe[1]).warning("%d", "no number")
    (told,) = lines(os.read(pipe[0], 2**16))
    assert told["message"].startswith("a log line cannot be told")
