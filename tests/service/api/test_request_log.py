"""What a complaint names is in the log, and so is what came to nothing; a flood is one line."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.media_files import clip, encode, moving
from tests.service.api.test_metrics import scrape
from tests.service.running import Running, eventually, running_server

MOST_BYTES = 400_000


@dataclass(frozen=True)
class Logged:
    """A server whose log is kept."""

    server: Running
    log: Path

    def lines(self, message: str) -> list[dict[str, Any]]:
        """The lines of a kind so far."""
        told = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [line for line in told if line["message"] == message]

    def of(self, answer: httpx.Response) -> dict[str, Any]:
        """The one line of a request."""
        named = answer.headers["x-request-id"]

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines("request") if line["request_id"] == named]

        eventually(lambda: bool(found()))
        (line,) = found()
        assert line["status"] == answer.status_code
        return line


@pytest.fixture(scope="module")
def logged(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    log = tmp_path_factory.mktemp("logged") / "log"
    settings = {"MEDIA__WORKERS": "1", "MEDIA__MAX_BYTES": str(MOST_BYTES)}
    with log.open("w") as stderr, running_server(model_path, stderr, **settings) as server:
        yield Logged(server, log)


def test_a_report_s_request_is_found_by_its_id(logged: Logged, astronaut_jpeg: bytes) -> None:
    film = clip(moving(np.full((64, 64, 3), 99, np.uint8), 4))
    for sent, kind in ((astronaut_jpeg, "image"), (film, "video")):
        answer = logged.server.client.post("/analyze?mask=none", content=sent)
        line = logged.of(answer)
        assert (line["level"], line["path"], line["code"]) == ("info", "/analyze", "none")
        assert (line["kind"], line["bytes"], line["limit"]) == (kind, len(sent), None)
        assert line["report"] == answer.json()["id"] != line["request_id"]


def test_a_problem_s_request_is_found_by_its_id(logged: Logged) -> None:
    """Whoever answers: the handlers, the router, or the connection."""
    client = logged.server.client
    line = logged.of(client.post("/analyze", content=b"words"))
    assert (line["code"], line["bytes"], line["limit"]) == ("unsupported_media", 5, None)
    line = logged.of(client.post("/analyze", content=bytes(MOST_BYTES + 1)))
    assert (line["code"], line["bytes"], line["limit"]) == ("media_too_large", None, "bytes")
    large = encode(np.zeros((8000, 8000, 3), np.uint8), ".png")
    line = logged.of(client.post("/analyze", content=large))
    assert (line["code"], line["bytes"], line["limit"]) == (
        "media_too_large",
        len(large),
        "pixels",
    )
    assert logged.of(client.get("/analyze"))["code"] == "method_not_allowed"
    assert logged.of(client.post("/analyze?mask=x", content=b"a"))["code"] == "invalid_request"


def test_a_path_that_is_not_there_is_told_of_and_not_named(logged: Logged) -> None:
    client, counted = logged.server.client, 'unmask_requests_total{code="not_found",status="404",'
    before = [value for name, value in scrape(client).items() if name.startswith(counted)]
    answer = client.post("/analyse-of-a-secret?and=another", content=b"a")
    assert logged.of(answer)["path"] == "other"
    (after,) = [value for name, value in scrape(client).items() if name.startswith(counted)]
    assert after - sum(before) == 1
    assert "secret" not in logged.log.read_text("utf-8") + client.get("/metrics").text
    assert "x-request-id" not in client.get("/livez").headers


def test_times_have_milliseconds(logged: Logged) -> None:
    logged.of(logged.server.client.get("/analyze"))
    for line in logged.lines("request"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", line["time"])


def test_a_flood_of_what_is_no_http_is_a_line_a_second(logged: Logged) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", logged.server.port), timeout=20) as link:
            link.sendall(b"no request at all\r\n\r\n")
            assert link.recv(4096).startswith(b"HTTP/1.1 400")

    def told() -> list[dict[str, Any]]:
        return logged.lines("connections ended")

    eventually(lambda: sum(line["count"] for line in told()) == 50)
    assert {(line["reason"], line["level"]) for line in told()} == {("bad_request", "warning")}
    assert len(told()) < 10
    assert not logged.lines("Invalid HTTP request received.")


def test_requests_too_many_on_a_connection_are_no_fault(logged: Logged) -> None:
    lines = len(logged.log.read_text("utf-8").splitlines())
    with socket.create_connection(("127.0.0.1", logged.server.port), timeout=20) as link:
        link.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        while link.recv(4096):
            pass
    counted = 'unmask_connections_ended_total{reason="pipelined"}'
    eventually(lambda: scrape(logged.server.client)[counted] == 1)
    assert len(logged.log.read_text("utf-8").splitlines()) == lines


def test_what_is_no_http_is_told_of_though_the_server_ends(
    model_path: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("w") as told, running_server(model_path, told, SERVER__UNREADY_S="0") as running:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", running.port), timeout=20) as link:
                link.sendall(b"no request at all\r\n\r\n")
                assert link.recv(4096).startswith(b"HTTP/1.1 400")
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert sum(line["count"] for line in lines if line["message"] == "connections ended") == 3
