"""What every part of the tests starts from: a real face. The whole suite runs in two lanes."""

import os
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from service.settings import Settings
from tests.media_files import encode

TRAINING = Path(__file__).parent / "model_export"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the whole suite; what is picked out of it runs in this one."""
    return 2 if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One lane trains, the other serves: two servers at once would measure one another."""
    for item in items:
        lane = "model_export" if item.path.is_relative_to(TRAINING) else "service"
        item.add_marker(pytest.mark.xdist_group(lane))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed of a file name that is no UTF-8 cannot be sent between the lanes."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The shipped model; UNMASK_TEST_MODEL names another one that keeps the contract."""
    shipped = Settings.model_fields["model"].default
    return Path(os.environ.get("UNMASK_TEST_MODEL", shipped))


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """Eileen Collins, NASA, public domain: uint8 RGB (512, 512, 3), one face 88 pixels wide."""
    pixels = np.array(data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: NDArray[np.uint8]) -> bytes:
    """The astronaut as a JPEG of quality 92."""
    return encode(astronaut)
