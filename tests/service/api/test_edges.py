"""Keys, limits, overload, clients that leave, and the shutdown, each on a server set up for it."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media_files import clip, encode, moving
from tests.service.api.test_metrics import scrape
from tests.service.running import Running, eventually, running_server

KEYS = {"X-API-Key": "first"}


@pytest.fixture(scope="module")
def small(model_path: Path) -> Iterator[Running]:
    """A guarded server with little room."""
    with running_server(
        model_path,
        API_KEYS="first, second",
        MEDIA__MAX_BYTES="4000000",
        MEDIA__WORKERS="1",
        INFERENCE__CAPACITY_CROPS="2",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def slow_picture(astronaut: NDArray[np.uint8]) -> bytes:
    """A picture within the limit that takes a while: large, flat but for one face."""
    large = np.full((4000, 6000, 3), 128, np.uint8)
    large[:512, :512] = astronaut
    return encode(large, quality=60)


def test_a_key_is_needed(small: Running, astronaut_jpeg: bytes) -> None:
    for headers in ({}, {"X-API-Key": "third"}, {"Authorization": "Basic first"}):
        response = small.client.post("/analyze", content=astronaut_jpeg, headers=headers)
        assert response.status_code == 401
        assert response.json()["code"] == "unauthorized"
        assert response.headers["www-authenticate"] == 'Bearer realm="unmask"'


@pytest.mark.parametrize(
    "headers",
    [
        KEYS,
        {"Authorization": "Bearer second"},
        {**KEYS, "Authorization": "Bearer of another gateway"},
    ],
)
def test_a_key_opens(small: Running, astronaut_jpeg: bytes, headers: dict[str, str]) -> None:
    response = small.client.post("/analyze", content=astronaut_jpeg, headers=headers)
    assert response.status_code == 200


def test_a_file_over_the_limit_is_refused(small: Running) -> None:
    for body in ({"content": bytes(4_000_001)}, {"files": {"file": ("a", bytes(4_000_001))}}):
        response = small.client.post("/analyze", headers=KEYS, **body)
        assert response.status_code == 413
        assert response.json()["limit"] == "bytes"


def test_the_limit_holds_while_the_body_streams_in(small: Running) -> None:
    """The answer comes although the body never ends."""
    with socket.create_connection(("127.0.0.1", small.port), timeout=20) as link:
        link.sendall(
            b"POST /analyze HTTP/1.1\r\nHost: x\r\nX-API-Key: first\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        for _ in range(64):
            link.sendall(chunk)
        assert link.recv(100).startswith(b"HTTP/1.1 413")


def test_too_many_at_once_are_told_when_to_return(small: Running, slow_picture: bytes) -> None:
    refused_before = scrape(small.client).get('unmask_refusals_total{reason="capacity"}', 0.0)

    def post(_: int) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{small.port}/analyze?mask=none",
            content=slow_picture,
            headers=KEYS,
            timeout=60.0,
        )

    with ThreadPoolExecutor(10) as threads:
        responses = list(threads.map(post, range(10)))
    refused = [each for each in responses if each.status_code == 503]
    assert {each.status_code for each in responses} == {200, 503}
    for each in refused:
        assert each.json()["code"] == "overloaded"
        assert 1 <= int(each.headers["retry-after"]) <= 60
    after = scrape(small.client)
    assert after['unmask_refusals_total{reason="capacity"}'] - refused_before == len(refused)


def test_clients_that_leave_give_their_room_back(
    small: Running, slow_picture: bytes, astronaut_jpeg: bytes
) -> None:
    head = (
        f"POST /analyze HTTP/1.1\r\nHost: x\r\nX-API-Key: first\r\n"
        f"Content-Length: {len(slow_picture)}\r\n\r\n"
    ).encode()
    for part in (slow_picture, slow_picture[:1000]):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", small.port), timeout=20) as link:
                link.sendall(head + part)
    left = 'unmask_requests_total{code="none",status="499",verdict="none"}'
    deadline = time.monotonic() + 20
    metrics = scrape(small.client)
    while not metrics.get(left) or metrics["unmask_in_flight_requests"]:
        assert time.monotonic() < deadline, metrics
        time.sleep(0.1)
        metrics = scrape(small.client)
    with ThreadPoolExecutor(2) as threads:
        posts = [
            threads.submit(
                httpx.post,
                f"http://127.0.0.1:{small.port}/analyze",
                content=astronaut_jpeg,
                headers=KEYS,
                timeout=60.0,
            )
            for _ in range(2)
        ]
        assert [each.result().status_code for each in posts] == [200, 200]


def test_a_passed_deadline_is_told(model_path: Path, astronaut: NDArray[np.uint8]) -> None:
    large = encode(cv2.resize(astronaut, (4096, 4096)).astype(np.uint8))
    with running_server(model_path, SERVER__DEADLINE_S="0.02", MEDIA__WORKERS="1") as running:
        response = running.client.post("/analyze", content=large)
        assert response.status_code == 504
        assert response.json()["code"] == "deadline_exceeded"


def test_clips_do_not_starve_a_picture(
    model_path: Path, astronaut: NDArray[np.uint8], astronaut_jpeg: bytes
) -> None:
    long = clip(moving(astronaut, 60))
    with (
        running_server(model_path, MEDIA__WORKERS="2") as running,
        ThreadPoolExecutor(3) as threads,
    ):
        address = f"http://127.0.0.1:{running.port}/analyze?mask=none&max_frames=40"
        clips = [threads.submit(httpx.post, address, content=long, timeout=60) for _ in range(2)]
        while scrape(running.client)["unmask_in_flight_requests"] < 2:
            time.sleep(0.01)
        time.sleep(0.4)  # by now the clips are being decoded
        picture = running.client.post("/analyze", content=astronaut_jpeg).json()
        others = [each.result().json() for each in clips]
    quickest = min(each["timing_ms"]["media"] for each in others)
    assert picture["timing_ms"]["media"] < quickest / 2


def test_shutdown_finishes_what_was_accepted(model_path: Path, slow_picture: bytes) -> None:
    # A busy machine decodes slowly: the drain must not end the test's requests.
    patient = {"SERVER__UNREADY_S": "1.0", "SERVER__DRAIN_S": "120", "SERVER__DEADLINE_S": "120"}
    with running_server(model_path, MEDIA__WORKERS="1", **patient) as running:
        statuses: list[int] = []

        def post() -> None:
            address = f"http://127.0.0.1:{running.port}/analyze?mask=none"
            statuses.append(httpx.post(address, content=slow_picture, timeout=150.0).status_code)

        clients = [threading.Thread(target=post) for _ in range(6)]
        for client in clients:
            client.start()
        while scrape(running.client)["unmask_in_flight_requests"] < 6 and not statuses:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready = running.client.get("/readyz")
        assert ready.status_code == 503
        assert "shutting down" in ready.json()["detail"]
        assert running.client.get("/livez").status_code == 200
        for client in clients:
            client.join()
        assert statuses == [200] * 6
        assert running.process.wait(timeout=30) == 0


@pytest.fixture
def terminal() -> Iterator[None]:
    """What is started hears of the end of a terminal, whatever the tests were started by."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
def test_the_end_of_a_terminal_loses_nothing_either(model_path: Path, slow_picture: bytes) -> None:
    with running_server(model_path, MEDIA__WORKERS="1", SERVER__UNREADY_S="0") as running:
        with ThreadPoolExecutor(1) as threads:
            address = f"http://127.0.0.1:{running.port}/analyze?mask=none"
            posted = threads.submit(httpx.post, address, content=slow_picture, timeout=60)
            eventually(lambda: scrape(running.client)["unmask_in_flight_requests"] == 1)
            running.process.send_signal(signal.SIGHUP)
            assert posted.result().status_code == 200
        assert running.process.wait(timeout=30) == 0


def test_what_the_drain_cannot_finish_is_told_to_return(
    model_path: Path, slow_picture: bytes
) -> None:
    hasty = {"SERVER__UNREADY_S": "0.0", "SERVER__DRAIN_S": "1"}
    with running_server(model_path, MEDIA__WORKERS="1", **hasty) as running:
        answers: list[httpx.Response] = []

        def post() -> None:
            address = f"http://127.0.0.1:{running.port}/analyze?mask=none"
            answers.append(httpx.post(address, content=slow_picture, timeout=60.0))

        clients = [threading.Thread(target=post) for _ in range(24)]
        for client in clients:
            client.start()
        # Who has not connected yet when the signal comes would be refused.
        while scrape(running.client)["unmask_in_flight_requests"] + len(answers) < 24:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join()
        assert len(answers) == 24
        late = [answer for answer in answers if answer.status_code != 200]
        assert late
        assert {answer.status_code for answer in late} == {503}
        assert {answer.json()["code"] for answer in late} == {"not_ready"}
        assert running.process.wait(timeout=30) == 0
