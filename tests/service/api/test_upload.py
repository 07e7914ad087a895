"""Uploads are read into memory, of which all of them together may take so much."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.api.test_metrics import scrape
from tests.service.running import Running, eventually, running_server

ROOM = 2_000_000


@pytest.fixture(scope="module")
def cramped(model_path: Path) -> Iterator[Running]:
    """A server with room for one upload or two."""
    with running_server(
        model_path,
        MEDIA__CAPACITY_BYTES=str(ROOM),
        MEDIA__MAX_BYTES="4000000",
        MEDIA__WORKERS="1",
        INFERENCE__CAPACITY_CROPS="2",
    ) as running:
        yield running


def held(server: Running) -> float:
    """Bytes of uploads that the server says it has."""
    return scrape(server.client)["unmask_upload_bytes"]


def begin(server: Running, body: bytes, length: int) -> socket.socket:
    """Send the beginning of an upload of a length."""
    link = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    head = f"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    link.sendall(head.encode() + body)
    return link


def forms(picture: bytes) -> list[dict[str, Any]]:
    """A picture as the raw body, and as a field of a form."""
    return [{"content": picture}, {"files": {"file": ("a.jpg", picture)}}]


def test_uploads_that_still_arrive_count(cramped: Running, astronaut_jpeg: bytes) -> None:
    padded = astronaut_jpeg + bytes(ROOM - len(astronaut_jpeg) // 2 - len(astronaut_jpeg))
    with begin(cramped, padded[:-1], len(padded)) as first:
        eventually(lambda: held(cramped) == len(padded) - 1)
        refused_before = scrape(cramped.client)['unmask_refusals_total{reason="memory"}']
        for body in forms(astronaut_jpeg):
            response = httpx.post(f"http://127.0.0.1:{cramped.port}/analyze", **body)
            assert (response.status_code, response.json()["code"]) == (503, "overloaded")
            assert 1 <= int(response.headers["retry-after"]) <= 60
        after = scrape(cramped.client)
        assert after['unmask_refusals_total{reason="memory"}'] - refused_before == 2
        assert after["unmask_upload_bytes"] == len(padded) - 1, "the refused keep nothing"
        first.sendall(padded[-1:])
        assert first.recv(100).startswith(b"HTTP/1.1 200"), "who came first is served"
    eventually(lambda: held(cramped) == 0)
    for body in forms(astronaut_jpeg):
        assert cramped.client.post("/analyze", **body).status_code == 200
    assert held(cramped) == 0


def test_whoever_leaves_in_the_middle_gives_the_room_back(cramped: Running) -> None:
    with begin(cramped, bytes(1_500_000), 1_600_000):
        eventually(lambda: held(cramped) == 1_500_000)
    eventually(lambda: held(cramped) == 0)


def test_an_upload_alone_may_have_more(cramped: Running, astronaut_jpeg: bytes) -> None:
    padded = astronaut_jpeg + bytes(ROOM)
    for body in forms(padded):
        assert cramped.client.post("/analyze", **body).status_code == 200


def test_who_sends_slowly_keeps_nobody_out(cramped: Running, astronaut_jpeg: bytes) -> None:
    """There is room for two crops; who still sends after half a second gives its own up."""
    stage = 'unmask_stage_in_flight_requests{stage="upload"}'
    with ExitStack() as stack:
        for _ in range(3):
            for _ in range(2):
                stack.enter_context(begin(cramped, b"slow", 1000))
            time.sleep(0.8)
        assert scrape(cramped.client)[stage] == 6
        assert cramped.client.post("/analyze", content=astronaut_jpeg).status_code == 200
    eventually(lambda: scrape(cramped.client)[stage] == 0)
