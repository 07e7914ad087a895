"""The model under test, opened as the service opens it, and real servers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.errors import ConfigurationError
from service.inference.device import Device
from service.inference.model_file import ModelFile, read_model_file
from service.inference.precision import companion, in_precision
from service.inference.session import Session, SessionPlan
from service.runtime import Runtime
from service.settings import Settings
from tests.service.running import Running, running_server

CPU = Device("cpu")
PLAN = SessionPlan(threads=1, buckets=(1, 2, 4, 8))


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture(scope="session")
def model(model_path: Path, runtime: Runtime) -> ModelFile:
    return read_model_file(model_path, runtime)


@pytest.fixture(scope="session")
def half_model(runtime: Runtime) -> ModelFile:
    """The shipped half-precision file: it always draws masks."""
    return read_model_file(companion(Settings().model, "float16"), runtime)


@pytest.fixture(scope="session")
def gpu(model: ModelFile, runtime: Runtime) -> Device:
    """A GPU that answers; without one, the test is skipped."""
    device = Device("cuda", 0)
    try:
        Session(model, device, PLAN, runtime)
    except ConfigurationError as error:
        pytest.skip(f"no GPU answers: {error}")
    return device


@pytest.fixture(scope="session")
def served_model(model: ModelFile, runtime: Runtime) -> ModelFile:
    """What a server with default settings runs on this CPU: perhaps the 8-bit companion."""
    return in_precision(model, CPU, "auto", runtime)


@pytest.fixture(scope="session")
def session(model: ModelFile, runtime: Runtime) -> Session:
    return Session(model, CPU, PLAN, runtime)


@pytest.fixture(scope="session")
def running(model_path: Path) -> Iterator[Running]:
    """An `unmask serve` process with default settings, which is to live long."""
    with running_server(model_path) as running:
        yield running


@pytest.fixture(scope="session")
def server(running: Running) -> httpx.Client:
    """A client of it."""
    return running.client
