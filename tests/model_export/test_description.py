"""Who uses a model whose calibration is not its own, or nobody's, is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model_export.checkpoint import Checkpoint
from model_export.cli import main
from model_export.export import check_pictures, export
from model_export.judge import open_judge
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network
from model_export.restore import restore

SHIPPED = Path(__file__).parents[2] / "service" / "weights" / "unmask.onnx"
FITTED = {"calibration": {"kind": "logistic", "slope": 2.0, "intercept": 0.0}}
NEVER = "c.pt was never calibrated: `calibrate` it before it is used"
BEFORE = "c.pt was calibrated before it was changed: `calibrate` it again"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, [NEVER]),
        (FITTED | {"calibration_is_old": True}, [BEFORE]),
        (FITTED | {"calibration_is_old": False}, []),
        (FITTED, []),
    ],
    ids=["never", "before", "anew", "once"],
)
def test_who_exports_or_evaluates_before_calibrating_is_told(
    facts: dict[str, Any],
    told: list[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = NetworkConfig(size=64)
    Checkpoint(config, build_network(config).state_dict(), facts).save(Path("c.pt"))
    assert main(["export", "c.pt", "-o", "c.onnx"]) == 0
    assert caplog.messages == told
    caplog.clear()
    open_judge(Path("c.pt"))
    assert caplog.messages == told


def test_an_exported_file_that_was_never_calibrated_is_not_after_it_is_restored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    never = replace(restore(SHIPPED), facts={})
    export(never, tmp_path / "a.onnx", check_pictures(256, 1))
    restore(tmp_path / "a.onnx").save(tmp_path / "c.pt")
    open_judge(tmp_path / "c.pt")
    assert [text.endswith(NEVER) for text in caplog.messages] == [True]
