"""What a network takes and gives, and whether a session on it has that."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import ConfigurationError

_KINDS: dict[type[np.generic], str] = {np.uint8: "tensor(uint8)", np.float32: "tensor(float)"}
"""ONNX Runtime's names of the types."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or an output of the network. shape: without the batch."""

    shape: tuple[int, ...]
    dtype: type[np.generic]


def check_tensors(
    session: Any, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], path: Path
) -> None:
    """Raise ConfigurationError where a session lacks one of these, or needs another input.

    path: for the error's sentence only.
    """
    nodes = {node.name: node for node in [*session.get_inputs(), *session.get_outputs()]}
    for name, tensor in {**inputs, **outputs}.items():
        kind, shape = _KINDS[tensor.dtype], tensor.shape
        node = nodes.get(name)
        if node is None:
            raise ConfigurationError(f"The model file {path} has no tensor '{name}'.")
        known = all(
            not isinstance(found, int) or found == wanted
            for found, wanted in zip(node.shape[1:], shape, strict=False)
        )
        if node.type != kind or len(node.shape) != 1 + len(shape) or not known:
            raise ConfigurationError(
                f"The tensor '{name}' of the model file {path} is {node.type} "
                f"{node.shape}, but {kind} ['N', {', '.join(map(str, shape))}] is needed."
            )
        if isinstance(node.shape[0], int):
            raise ConfigurationError(
                f"The tensor '{name}' of the model file {path} has the fixed batch size "
                f"{node.shape[0]}; it must be dynamic."
            )
    for node in session.get_inputs():
        if node.name not in inputs:
            raise ConfigurationError(
                f"The model file {path} needs an input '{node.name}', which nothing gives it."
            )
