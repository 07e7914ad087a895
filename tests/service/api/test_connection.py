"""What is no request, or has too long or slow a head, is a problem and ends its connection."""

import contextlib
import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from service.api.connection import MOST_HEAD_BYTES
from service.settings import ServerSettings
from tests.service.api.test_metrics import scrape
from tests.service.running import Running, running_server

ARRIVES_AT_ONCE = 256 * 1024


def answer(link: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and problem of an answer after which the connection ends."""
    received = b""
    # The end is a reset where something sent was never read.
    with contextlib.suppress(ConnectionResetError):
        while chunk := link.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert int(headers["content-length"]) == len(body)
    return int(first.split()[1]), headers, json.loads(body)


def one_answer(link: socket.socket) -> bytes:
    """An answer of JSON, after which the connection may go on."""
    received = b""
    while not received.endswith(b"}"):
        piece = link.recv(4096)
        assert piece, "the connection ended within an answer"
        received += piece
    return received


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


@pytest.mark.parametrize(
    "request_bytes", [b"no request at all\r\n\r\n", b"FETCH /livez HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_what_is_no_http_is_a_problem(running: Running, request_bytes: bytes) -> None:
    with connect(running) as link:
        link.sendall(request_bytes)
        status, headers, problem = answer(link)
    assert (status, problem["status"], problem["code"]) == (400, 400, "bad_request")
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"


@pytest.mark.parametrize("before", [b"", b"Transfer-Encoding: chunked\r\n\r\n0\r\n"])
@pytest.mark.parametrize("piece", [b"a" * 4096, b"X-Name: value\r\n" * 256])
def test_headers_and_trailers_that_do_not_end_are_refused(
    running: Running, before: bytes, piece: bytes
) -> None:
    """One that is endless as well as endlessly many."""
    sent = 0
    with connect(running) as link:
        link.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + before + b"X-First: ")
        with pytest.raises(ConnectionError):
            while sent < 16 * 2**20:
                link.sendall(piece)
                sent += len(piece)
    # Kernels hold some of what is sent before the service has read it.
    assert sent < 8 * 2**20


def test_the_refusal_of_a_long_head_says_why(running: Running) -> None:
    with connect(running) as link:
        link.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with contextlib.suppress(ConnectionError):
            link.sendall(b"a" * (ARRIVES_AT_ONCE + 2 * MOST_HEAD_BYTES))
        status, _, problem = answer(link)
    assert (status, problem["code"]) == (431, "request_header_fields_too_large")


def test_what_was_refused_before_it_was_a_request_is_counted(running: Running) -> None:
    before = scrape(running.client)
    with connect(running) as link:
        link.sendall(b"no request at all\r\n\r\n")
        assert answer(link)[0] == 400
    counted = 'unmask_connections_ended_total{reason="bad_request"}'
    assert scrape(running.client)[counted] == before[counted] + 1


def test_a_head_that_never_ends_ends_the_connection(model_path: Path) -> None:
    whole = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    early = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nx"
    with (
        running_server(model_path, SERVER__DEADLINE_S="1", MEDIA__WORKERS="1") as server,
        connect(server) as silent,
        connect(server) as slow,
        connect(server) as second,
        connect(server) as idle,
        connect(server) as answered,
    ):
        answered.sendall(early)
        assert one_answer(answered).startswith(b"HTTP/1.1 404")
        slow.sendall(whole[:20])
        for link in (second, idle):
            link.sendall(whole)
            assert one_answer(link).startswith(b"HTTP/1.1 200")
        second.sendall(b"\r\n")
        time.sleep(0.7)
        slow.sendall(whole[20:-2])  # a byte now and then is not enough
        answered.sendall(b"x")
        assert silent.recv(4096) == b""
        time.sleep(0.4)  # together less than a second since the byte before
        answered.sendall(b"x")
        assert answered.recv(4096) == b""
        for link in (slow, second):
            assert one_answer(link).startswith(b"HTTP/1.1 408")
            assert link.recv(4096) == b""
        # Between two requests a connection may rest for longer.
        idle.sendall(whole)
        assert one_answer(idle).startswith(b"HTTP/1.1 200")


def test_trailers_are_no_headers(running: Running) -> None:
    with connect(running) as link:
        link.sendall(
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAccept: text/html\r\n\r\n"
        )
        status, _, problem = answer(link)
    assert (status, problem["code"]) == (415, "unsupported_media")


@pytest.mark.parametrize("name", ["Upgrade", "UPGRADE", "upgrade"])
def test_an_offer_of_another_protocol_is_passed_over(
    running: Running, astronaut_jpeg: bytes, name: str
) -> None:
    """As curl --http2 and other clients make it with each request."""
    offer = {"Connection": f"{name}, HTTP2-Settings", name: "h2c", "HTTP2-Settings": "AAMAAABk"}
    for _ in range(2):
        response = running.client.post("/analyze?mask=none", content=astronaut_jpeg, headers=offer)
        assert response.status_code == 200
    form = {"file": ("a.jpg", astronaut_jpeg)}
    response = running.client.post("/analyze?mask=none", files=form, headers=offer)
    assert response.json()["verdict"] == "authentic"


def test_an_offer_is_passed_over_however_its_head_is_cut(
    running: Running, astronaut_jpeg: bytes
) -> None:
    head = (
        "POST /analyze?mask=none HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        f"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: {len(astronaut_jpeg)}\r\n\r\n"
    ).encode()
    begins, ends = head.index(b"\nUpgrade"), head.index(b"h2c")
    with connect(running) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in [*range(begins, ends), len(head) - 3, len(head) - 2, len(head) - 1]:
            link.sendall(head[:cut])
            time.sleep(0.02)
            link.sendall(head[cut:] + astronaut_jpeg)
            assert one_answer(link).startswith(b"HTTP/1.1 200"), head[:cut]


def test_a_body_is_no_head_however_long(running: Running, astronaut_jpeg: bytes) -> None:
    """Nor is what comes with the next request on the same connection."""
    client = running.client
    long = astronaut_jpeg + bytes(2 * (ARRIVES_AT_ONCE + MOST_HEAD_BYTES))
    for _ in range(2):
        assert client.post("/analyze", content=long).status_code in (200, 422)
        assert client.get("/livez", headers={"X-Long": "a" * 32_000}).status_code == 200


def test_what_can_be_got_can_be_probed(running: Running) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/model", "/", "/web/app.js"):
        probe, whole = running.client.head(path), running.client.get(path)
        assert probe.status_code == whole.status_code == 200
        assert probe.content == b""
        assert probe.headers["content-type"] == whole.headers["content-type"]
    assert running.client.head("/analyze").status_code == 405


def test_an_upload_is_not_sent_on_to_another_address(running: Running) -> None:
    response: httpx.Response = running.client.post("/analyze/", content=b"picture")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_several_accept_lines_are_one_list(running: Running, astronaut_jpeg: bytes) -> None:
    lines = [("Accept", "text/html"), ("Accept", "image/png")]
    response = running.client.post("/analyze", content=astronaut_jpeg, headers=lines)
    assert response.headers["content-type"] == "image/png"


def test_an_idle_connection_is_kept_for_as_long_as_is_said(model_path: Path) -> None:
    """Proxies reuse theirs: what they send into one that has just been closed is lost."""
    with running_server(model_path, SERVER__KEEP_ALIVE_S="1") as server, connect(server) as link:
        for _ in range(3):
            link.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert one_answer(link).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
        link.settimeout(5)
        assert link.recv(1) == b""
    assert ServerSettings().keep_alive_s > 60, "as long as nginx and load balancers keep theirs"
