"""Requests sent behind others: as many as can wait, each answered once, in its turn."""

import asyncio
import contextlib
import socket
import time

import pytest
from starlette.types import Receive, Scope, Send

from service.api.orderly import MOST_WAITING
from tests.service.api.app_server import serving

FIRST = b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"GET /within HTTP/1.1\r\nHost: x\r\n\r\n"
"""A body that would be a request if it were taken for one."""
OFFER = (
    b"POST /offer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a little later with the path, and how much of a body there was."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await asyncio.sleep(0.1 if scope["path"] == "/first" else 0)
    text = f"<{scope['path']} {length}>".encode("ascii")
    head = [(b"content-length", str(len(text)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": text})


def said(*pieces: bytes) -> tuple[bytes, list[str]]:
    """All that comes back before the connection ends, and why the service says it ended it."""
    endings: list[str] = []
    received = b""
    with (
        serving(told, 20.0, endings) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            link.sendall(piece)
            with contextlib.suppress(TimeoutError):
                link.settimeout(0.05)
                received += link.recv(1)
        link.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            while piece := link.recv(4096):
                received += piece
    return received, endings


def bodies(received: bytes) -> list[bytes]:
    return [part.split(b">")[0] for part in received.split(b"\r\n\r\n<")[1:]]


def test_no_more_wait_than_can_and_those_that_do_are_answered() -> None:
    received, endings = said(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)

    assert bodies(received) == [b"/a 0"] * (1 + MOST_WAITING)
    assert received.count(b"connection: close") == 1
    assert endings == ["pipelined"]


@pytest.mark.parametrize(
    ("behind", "status", "reason"),
    [
        (b"oops\r\n\r\n", b"400", "bad_request"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 400_000,
            b"431",
            "request_header_fields_too_large",
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_refusal_comes_after_the_answers_that_are_due(
    behind: bytes, status: bytes, reason: str, at_once: bool
) -> None:
    waiting = FIRST + b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
    received, endings = said(waiting + behind) if at_once else said(waiting, behind)

    assert bodies(received) == [b"/first 0", b"/second 0"]
    refusal = received.partition(b"</second 0>")[2]
    assert refusal.startswith(b"HTTP/1.1 " + status)
    assert b"\r\ndate: " in refusal
    assert endings == [reason]


def test_a_request_that_breaks_off_behind_another_is_refused_and_not_begun() -> None:
    chunked = b"POST /second HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    received, endings = said(FIRST + chunked + b"no chunk\r\n")

    assert bodies(received) == [b"/first 0"]
    assert b"</first 0>HTTP/1.1 400" in received
    assert endings == ["bad_request"]


def test_what_follows_on_the_last_request_is_not_looked_at() -> None:
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received, endings = said(last + FIRST + b"a" * 300_000)

    assert bodies(received) == [b"/last 0"]
    assert endings == []


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_after_an_offer_behind_another_request_is_refused(chunked: bool) -> None:
    """httptools does not read it: an answer would be to an empty one."""
    pieces = b"Transfer-Encoding: chunked"
    offer = OFFER.replace(b"Content-Length: %d" % len(BODY), pieces) if chunked else OFFER
    received, endings = said(FIRST + offer, BODY)

    assert bodies(received) == [b"/first 0"]
    assert b"</first 0>HTTP/1.1 400" in received
    assert endings == ["bad_request"]


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
def test_an_offer_without_a_body_behind_another_request_is_the_last(length: bytes) -> None:
    """What comes after it httptools takes for the other protocol."""
    head = b"GET /offer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    received, endings = said(FIRST + head + length + b"\r\n", FIRST)

    assert bodies(received) == [b"/first 0", b"/offer 0"]
    assert received.count(b"connection: close") == 1
    assert endings == []


@pytest.mark.parametrize("empty", [b"\r\n", b"\r\n\r\n", b"\n\n", b"\r\n\r\n\r\n"])
def test_the_body_after_an_offer_is_read_whatever_empty_lines_come_before(empty: bytes) -> None:
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received, _ = said(empty + OFFER, BODY, empty, last)

    assert bodies(received) == [b"/offer %d" % len(BODY), b"/last 0"]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
        b"GET / HTTP/1.1\r\nHost: a b/c@\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n"
        b"Transfer-Encoding: chunked\r\n",
    ],
)
def test_without_one_host_and_a_known_coding_it_is_no_request(head: bytes) -> None:
    received, endings = said(head + b"\r\n0\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 400")
    assert endings == ["bad_request"]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.0\r\n",
        b"GET /a HTTP/1.1\r\nHost:\r\nConnection: close\r\n",
        b"GET /a HTTP/1.1\r\nHost: x \t\r\nConnection: close\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked \r\n\r\n"
        b"0\r\n",
        b"GET /a HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n",
        b"GET /a HTTP/1.1\r\nHost: a_b.example:80\r\nConnection: close\r\n",
        b"POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n",
    ],
)
def test_one_host_or_an_old_version_is_a_request(head: bytes) -> None:
    received, _ = said(head + b"\r\n")

    assert received.startswith(b"HTTP/1.1 200"), "and no 100, which HTTP/1.0 has not"
    assert bodies(received) == [b"/a 0"]


async def early(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without waiting for the body."""
    head = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 413, "headers": head})
    await send({"type": "http.response.body", "body": b"no"})


LAST = [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"]
LENGTH = 8 * 2**20


@pytest.mark.parametrize("last", LAST)
def test_an_answer_before_the_end_of_the_last_request_is_not_lost(last: bytes) -> None:
    """As proxies send it by default: one request a connection. A reset would take the answer."""
    with (
        serving(early, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.sendall(b"POST / " + last + b"Content-Length: %d\r\n\r\n" % LENGTH)
        for _ in range(0, LENGTH, 2**20):
            link.sendall(bytes(2**20))
        received = b""
        while piece := link.recv(4096):
            received += piece
    assert received.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in received
    assert received.endswith(b"no")


def test_who_never_ends_its_last_request_is_not_heard_for_ever() -> None:
    with (
        serving(early, 0.5, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\nbody" % LENGTH)
        with pytest.raises(ConnectionError):
            for _ in range(100):
                link.sendall(b"more")
                time.sleep(0.05)


def test_who_sends_behind_its_last_request_is_not_heard_for_it() -> None:
    """The body that still arrives is not that of the request that was answered."""
    behind = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"
    with (
        serving(early, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as link,
    ):
        link.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + behind)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := link.recv(4096):
                received += piece
    assert received.count(b"HTTP/1.1 413") == 1


BEFORE = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("rest", [b"no chunk\r\n", b"0\r\nX-Long: " + b"a" * 400_000])
def test_a_request_that_was_answered_is_not_refused_as_well(rest: bytes) -> None:
    received = b""
    with (
        serving(early, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as link,
    ):
        link.sendall(BEFORE)
        while not received.endswith(b"no"):
            received += link.recv(4096)
        with contextlib.suppress(ConnectionError):
            link.sendall(rest)
            while piece := link.recv(4096):
                received += piece
    assert received.count(b"HTTP/1.1 ") == 1


def test_after_the_rest_of_an_answered_request_a_connection_rests_as_any_other() -> None:
    """uvicorn closes it when nothing came for five seconds."""
    with (
        serving(early, 20.0, []) as port,
        socket.create_connection(("127.0.0.1", port), timeout=15) as link,
    ):
        link.sendall(BEFORE)
        received = b""
        while not received.endswith(b"no"):
            received += link.recv(4096)
        link.sendall(b"0\r\n\r\n")
        assert link.recv(4096) == b""
