"""Addresses are told as URLs have them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from service.listening import bound, in_words
from tests.service.running import environment, eventually, free_port


def test_an_address_of_version_6_is_told_in_brackets() -> None:
    assert in_words("::1", 80) == "[::1]:80"
    assert in_words("127.0.0.1", 80) == "127.0.0.1:80"
    assert in_words("localhost", 80) == "localhost:80"


def test_a_server_tells_where_it_listens(model_path: Path, tmp_path: Path) -> None:
    try:
        bound("::1", 0).close()
    except ConfigurationError as error:
        pytest.skip(f"no IPv6 here: {error}")
    log, port, own_port = tmp_path / "log", free_port(), free_port()
    settings = {"HOST": "::1", "PORT": str(port), "SERVER__OWN_PORT": str(own_port)}
    with log.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve"],
            env=environment(model_path, **settings),
            stderr=told,
        )
    try:
        eventually(lambda: log.read_text().count("listening on ") == 2, 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    lines = log.read_text()
    for line in (f"starting on http://[::1]:{port}", f"listening on [::1]:{own_port}"):
        assert f'"{line}"' in lines
