"""What people must know of a model travels with it."""

import json
from pathlib import Path

import pytest

from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import build_network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    config = NetworkConfig()
    path = tmp_path / "model.pt"
    Checkpoint(config, build_network(config).state_dict(), {"version": "1"}).save(path)
    return path


def test_fields_are_set_and_others_kept(model: Path) -> None:
    words = ["describe", str(model), "-o", str(model), "--name", "mine", "--training-data", "faces"]
    assert main(words) == 0
    facts = load_checkpoint(model).facts
    assert facts == {"version": "1", "name": "mine", "training_data": "faces"}


def test_without_fields_it_only_tells(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = model.read_bytes()
    assert main(["describe", str(model)]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": "1"}
    assert model.read_bytes() == before


def test_nothing_is_lost_for_want_of_a_place_to_write(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["describe", str(model), "--name", "mine"]) == 1
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize("field", ["name", "version", "training-data", "licence"])
@pytest.mark.parametrize("text", ["", " "])
def test_nothing_is_described_by_a_blank(
    text: str, field: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = model.read_bytes()
    with pytest.raises(SystemExit, match="2"):
        main(["describe", str(model), "-o", str(model), f"--{field}", text])
    assert f"argument --{field}: it is blank" in capsys.readouterr().err
    assert model.read_bytes() == before
