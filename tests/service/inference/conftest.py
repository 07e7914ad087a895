"""How the pool opens a session."""

from collections.abc import Callable

import pytest

from service.inference.device import Device
from service.inference.model_file import ModelFile
from service.inference.session import Session
from service.runtime import Runtime
from tests.service.conftest import PLAN


@pytest.fixture
def open_session(model: ModelFile, runtime: Runtime) -> Callable[[Device], Session]:
    return lambda device: Session(model, device, PLAN, runtime)
