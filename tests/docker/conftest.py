"""A server as the images run it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.running import running_server


@pytest.fixture
def server(model_path: Path) -> Iterator[httpx.Client]:
    """A client of an `unmask serve` process."""
    with running_server(model_path, MEDIA__WORKERS="1") as running:
        yield running.client
