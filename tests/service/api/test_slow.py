"""What takes long: an upload that does not arrive, work that does not end."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.service.api.test_killed_workers import workers_of
from tests.service.api.test_metrics import scrape
from tests.service.running import eventually, running_server

IN_DECODING = 'unmask_stage_in_flight_requests{stage="media"}'


def test_an_upload_that_takes_longer_than_its_deadline_is_told(model_path: Path) -> None:
    with (
        running_server(model_path, SERVER__DEADLINE_S="1", MEDIA__WORKERS="1") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as link,
    ):
        link.sendall(b"POST /analyze HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nx")
        assert link.recv(4096).startswith(b"HTTP/1.1 504")


def test_work_in_hand_keeps_its_room_however_long_it_takes(
    model_path: Path, astronaut_jpeg: bytes
) -> None:
    """Only uploads that are on their way for long give it up."""
    with running_server(model_path, MEDIA__WORKERS="1", INFERENCE__CAPACITY_CROPS="2") as server:

        def post() -> int:
            url = f"http://127.0.0.1:{server.port}/analyze?mask=none"
            return httpx.post(url, content=astronaut_jpeg, timeout=30.0).status_code

        (worker,) = workers_of(server)
        os.kill(worker, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(2) as threads:
                posts = [threads.submit(post) for _ in range(2)]
                eventually(lambda: scrape(server.client).get(IN_DECODING) == 2)
                time.sleep(0.8)
                try:
                    assert post() == 503
                finally:
                    os.kill(worker, signal.SIGCONT)
                assert [each.result() for each in posts] == [200, 200]
        finally:
            os.kill(worker, signal.SIGCONT)


def test_a_service_that_stood_still_gives_a_file_its_time(
    model_path: Path, astronaut_jpeg: bytes
) -> None:
    """As in a container that is paused for longer than a file may take."""
    with running_server(model_path, MEDIA__WORKERS="1", MEDIA__TIMEOUT_S="3") as server:

        def post() -> httpx.Response:
            url = f"http://127.0.0.1:{server.port}/analyze?mask=none"
            return httpx.post(url, content=astronaut_jpeg, timeout=30.0)

        (worker,) = workers_of(server)
        os.kill(worker, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(1) as threads:
                answer = threads.submit(post)
                eventually(lambda: scrape(server.client).get(IN_DECODING) == 1)
                server.process.send_signal(signal.SIGSTOP)
                time.sleep(6.0)
                server.process.send_signal(signal.SIGCONT)
                time.sleep(0.5)
                os.kill(worker, signal.SIGCONT)
                assert answer.result().status_code == 200
        finally:
            os.kill(worker, signal.SIGCONT)
            server.process.send_signal(signal.SIGCONT)
