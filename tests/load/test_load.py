"""The trials of strength, small enough for the suite."""

from pathlib import Path

import pytest

from model_export.checkpoint import Checkpoint
from model_export.export import check_pictures, export
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from tests.load import cancellation, shutdown
from tests.load.verdict import Check


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    state = build_network(NetworkConfig()).state_dict()
    export(Checkpoint(NetworkConfig(), state), path, check_pictures(256, 1))
    return path


def test_a_storm_of_cancelled_requests_leaves_nothing_behind(model: Path) -> None:
    checks = list(cancellation.trial(model, requests=40, at_once=8))
    assert len(checks) == 2
    assert all(check.held for check in checks), [check.line() for check in checks]


def test_a_shutdown_under_load_loses_nothing(model: Path) -> None:
    checks = list(shutdown.trial(model))
    assert all(check.held for check in checks), [check.line() for check in checks]


def test_a_line_says_what_held_and_what_did_not() -> None:
    assert Check("water is wet", True, "100 %").line() == "PASS  water is wet: 100 %"
    assert Check("water is dry", False, "0 %").line().startswith("FAIL")
