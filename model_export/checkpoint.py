"""Checkpoints: a network's weights with everything needed to build, judge and resume it."""

from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import Network, build_network

FORMAT = 1


class CheckpointError(ValueError):
    """The file is not a checkpoint of this project."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network at rest.

    weights: what `Network.load_state_dict` takes. facts: JSON-like notes that travel into the
    exported file: name, version, training data, licence, crop scale, calibration, thresholds,
    figures. resume: optimiser and progress; empty in finished checkpoints.
    """

    config: NetworkConfig
    weights: dict[str, Tensor]
    facts: dict[str, Any] = field(default_factory=dict)
    resume: dict[str, Any] = field(default_factory=dict)

    def build(self) -> Network:
        """The network with these weights, in evaluation mode."""
        network = build_network(self.config)
        network.load_state_dict(self.weights)
        return network.eval()

    def save(self, path: Path) -> None:
        """Write atomically, so that a cut training leaves the last good file."""
        content = {
            "format": FORMAT,
            "config": self.config.to_dict(),
            "weights": self.weights,
            "facts": self.facts,
            "resume": self.resume,
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        partial.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; weights-only, so that no code in the file can run.

    Raises CheckpointError when the file is none of ours.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise CheckpointError(f"{path} is not a weights-only checkpoint") from error
    except (OSError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"cannot read {path}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not an Unmask checkpoint of format {FORMAT}")
    return Checkpoint(
        NetworkConfig.from_dict(content["config"]),
        content["weights"],
        content["facts"],
        content["resume"],
    )
