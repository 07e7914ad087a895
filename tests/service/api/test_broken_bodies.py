"""A request that the connection refuses while it is sent is counted once, as what it was told."""

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.types import Receive, Scope, Send

from service.api.meter import RequestMeter
from service.telemetry import Telemetry
from tests.service.api.app_server import serving

HEAD = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = [
    (b"no chunk\r\n", 400, "bad_request"),
    (b"0\r\nX-Long: " + b"a" * 400_000, 431, "request_header_fields_too_large"),
]


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once it has all, or early where it is asked to; who leaves gets no answer."""
    head = {"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]}
    if scope["query_string"] != b"early":
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message["more_body"]
    await send(head)
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def metered(telemetry: Telemetry, endings: list[str]) -> Iterator[socket.socket]:
    app = RequestMeter(reading, telemetry, "/analyze")
    with (
        serving(app, 20.0, endings) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as link,
    ):
        yield link


def all_of(link: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := link.recv(4096):
            received += piece
    return received


def counted(telemetry: Telemetry) -> dict[tuple[str, str], float]:
    """Requests by status and code, where there are any."""
    return {
        (sample.labels["status"], sample.labels["code"]): sample.value
        for family in telemetry.registry.collect()
        for sample in family.samples
        if sample.name == "unmask_requests_total" and sample.value
    }


@pytest.mark.parametrize("path", [b"/analyze", b"/livez"])
@pytest.mark.parametrize(("broken", "status", "code"), BROKEN)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_breaks_off_is_counted_as_it_was_answered(
    path: bytes, broken: bytes, status: int, code: str, at_once: bool
) -> None:
    """Whether or not its handling had begun."""
    telemetry, endings = Telemetry(), list[str]()
    with metered(telemetry, endings) as link:
        pieces = [HEAD % path + broken] if at_once else [HEAD % path, broken]
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                link.sendall(piece)
                time.sleep(0.1)
        received = all_of(link)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nx-request-id: " in received
    assert counted(telemetry) == {(str(status), code): 1}
    assert endings == []


@pytest.mark.parametrize(("broken", "status", "code"), BROKEN)
def test_what_was_answered_before_it_broke_off_is_counted_as_that(
    broken: bytes, status: int, code: str
) -> None:
    telemetry, endings = Telemetry(), list[str]()
    with metered(telemetry, endings) as link:
        link.sendall(HEAD % b"/analyze?early")
        received = link.recv(4096)
        with contextlib.suppress(ConnectionError):
            link.sendall(broken)
            received += all_of(link)
    assert received.count(b"HTTP/1.1 413") == received.count(b"HTTP/1.1 ") == 1
    assert counted(telemetry) == {("413", "none"): 1}
    assert endings == []
