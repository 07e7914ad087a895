"""A server as the images run it."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.service.running import running_server


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The shipped model; UNMASK_TEST_MODEL names another one that keeps the contract."""
    shipped = Settings.model_fields["model"].default
    return Path(os.environ.get("UNMASK_TEST_MODEL", shipped))


@pytest.fixture
def server(model_path: Path) -> Iterator[httpx.Client]:
    """A client of an `unmask serve` process."""
    with running_server(model_path, MEDIA__WORKERS="1") as running:
        yield running.client
