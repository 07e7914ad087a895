"""Checkpoints: a network's weights with everything needed to build, judge and resume it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model_export.data.files import aside
from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import Network, build_network

FORMAT = 1


class CheckpointError(ValueError):
    """The file is not a checkpoint of this project."""


UNKNOWN_PEOPLE = "unknown"
"""Stands for the digest of people that nobody wrote down; equals none."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network at rest.

    weights: what `Network.load_state_dict` takes. facts: JSON-like notes that travel into the
    exported file: name, version, training data, licence, crop scale, calibration, thresholds,
    figures; and what it learned from: families and strength of the fakes, people (the digest of
    the faces; see `all_people`). resume: optimiser and progress; empty in finished checkpoints.
    """

    config: NetworkConfig
    weights: dict[str, Tensor]
    facts: dict[str, Any] = field(default_factory=dict)
    resume: dict[str, Any] = field(default_factory=dict)

    def build(self) -> Network:
        """The network with these weights, in evaluation mode.

        Raises CheckpointError when they are another network's.
        """
        network = build_network(self.config)
        try:
            network.load_state_dict(self.weights)
        except RuntimeError as error:
            raise CheckpointError("the weights do not fit the checkpoint's own network") from error
        return network.eval()

    def save(self, path: Path) -> None:
        """Write atomically, so that a cut training leaves the last good file.

        Folders that are missing are made: what is saved often took hours. Raises OSError when
        the file cannot be written.
        """
        content = {
            "format": FORMAT,
            "config": self.config.to_dict(),
            "weights": self.weights,
            "facts": self.facts,
            "resume": self.resume,
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Given a path, torch opens it itself and raises RuntimeError where it cannot.
            with aside(path) as partial, partial.open("wb") as file:
                torch.save(content, file)
        except (OSError, RuntimeError) as error:
            # torch's own writer says in its own way that the disk is full.
            raise OSError(f"cannot write {path}: {error}") from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; weights-only, so that no code in the file can run.

    Raises CheckpointError when the file is none of ours.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:
        if path.suffix == ".onnx":
            raise CheckpointError(
                f"{path} is an exported file, not a checkpoint: only `finetune`, `fit-methods`, "
                "`sharpen` and `train --start-from` go on from one"
            ) from error
        # A text, a file cut short and a refused pickle each raise another class in torch.
        raise CheckpointError(f"{path} is not a weights-only checkpoint") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not an Unmask checkpoint of format {FORMAT}")
    parts = ("config", "weights", "facts", "resume")
    lacking = [name for name in parts if not isinstance(content.get(name), dict)]
    if lacking:
        raise CheckpointError(f"{path} lacks {', '.join(lacking)}")
    config, *tables = (content[name] for name in parts)
    try:
        return Checkpoint(NetworkConfig.from_dict(config), *tables)
    except TypeError as error:
        raise CheckpointError(f"{path} is of a network that is not known here") from error


def all_people(before: str | None, after: str) -> str:
    """The people of two trainings in a row: of the same people their digest, else one of nobody.

    Several digests, joined, equal none: whoever measures on the people of one of the trainings is
    told that the model may know some of them from the other. before: None where nobody wrote it
    down.
    """
    known = (before or UNKNOWN_PEOPLE).split("+")
    return "+".join(dict.fromkeys([*known, *after.split("+")]))


def refuse_other_settings(saved: Checkpoint, config: NetworkConfig, facts: dict[str, Any]) -> None:
    """Raises ValueError where a training would go on with another network, crop or fakes.

    facts: as a Checkpoint's, of the training that is to go on. What `saved` does not state, as
    older checkpoints state no families, may be anything.
    """
    now = _settings(config, facts)
    for name, value in _settings(saved.config, saved.facts).items():
        if now.get(name, value) != value:
            raise ValueError(
                f"this run was begun with {name} {_in_words(value)} and cannot go on with "
                f"{_in_words(now[name])}: repeat the options it was begun with"
            )


def _settings(config: NetworkConfig, facts: dict[str, Any]) -> dict[str, Any]:
    stated = {f"network {name}": value for name, value in config.to_dict().items()}
    if "crop" in facts:
        # Notes that know no sharpening are of crops that were not sharpened.
        crop = {"sharpening": 0.0} | facts["crop"]
        stated |= {f"crop {name}": value for name, value in crop.items()}
    named = ("families", "strength", "edited", "people", "stored", "prepared")
    return stated | {name: facts[name] for name in named if name in facts}


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
