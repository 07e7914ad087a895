"""Weights between two checkpoints of one lineage."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model_export.average import average
from model_export.checkpoint import Checkpoint, load_checkpoint
from model_export.cli import main
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.networks.factory import build_network

FACTS = {"crop": {"scale": 1.3}, "licence": "free", "calibration": {"slope": 2.0}}


def checkpoint(seed: int, config: NetworkConfig = MOBILE_CONFIG) -> Checkpoint:
    torch.manual_seed(seed)
    return Checkpoint(config, build_network(config).state_dict(), dict(FACTS))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between(share: float) -> None:
    before, after = checkpoint(0), checkpoint(1)
    between = average(before, after, share)
    for name, value in between.weights.items():
        if value.is_floating_point():
            expected = (1 - share) * before.weights[name] + share * after.weights[name]
            torch.testing.assert_close(value, expected)
    between.build()


def test_what_was_fitted_to_the_others_does_not_survive() -> None:
    facts = average(checkpoint(0), checkpoint(1), 0.5).facts
    assert facts == {"crop": {"scale": 1.3}, "licence": "free", "averaged": 0.5}


def test_the_people_of_both_are_those_of_the_average() -> None:
    one = checkpoint(0)
    known = [replace(one, facts={"people": digest}) for digest in ("a", "a", "b")]
    assert average(known[0], known[1], 0.5).facts["people"] == "a"
    assert average(known[0], known[2], 0.5).facts["people"] == "a+b"
    for unknown in ({}, {"people": None}):
        assert "people" not in average(replace(one, facts=unknown), known[0], 0.5).facts


@pytest.mark.parametrize("restored", [(True, True), (True, False), (False, True), (False, False)])
def test_of_a_fresh_reconstruction_branch_a_part_is_in_the_average(
    restored: tuple[bool, bool],
) -> None:
    before, after = (
        replace(checkpoint(0), facts={"restored": True} if each else {}) for each in restored
    )
    assert average(before, after, 0.5).facts.get("restored", False) == any(restored)


def test_what_does_not_belong_together_is_refused() -> None:
    one = checkpoint(0)
    with pytest.raises(ValueError, match="one network"):
        average(one, checkpoint(0, NetworkConfig()), 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        average(one, one, 1.5)
    other = Checkpoint(one.config, one.weights, {"crop": {"scale": 1.1}})
    with pytest.raises(ValueError, match="crops"):
        average(one, other, 0.5)


def test_the_command_writes_a_checkpoint(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.pt", "b.pt", "c.pt")]
    for seed in range(2):
        checkpoint(seed).save(paths[seed])
    words = ["average", str(paths[0]), str(paths[1]), "--share", "0.75", "-o", str(paths[2])]
    assert main(words) == 0
    assert load_checkpoint(paths[2]).facts["averaged"] == 0.75
