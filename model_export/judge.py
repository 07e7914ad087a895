"""Runs a detector, a checkpoint or an exported file, over crops."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from model_export.checkpoint import load_checkpoint
from model_export.description import describe, warn_of_calibration
from model_export.export import Exportable, open_session, output_names
from model_export.sources.sample import Sample
from service.errors import ConfigurationError
from service.inference.model_file import METADATA_KEY, read_model_file
from service.inference.runs import Crop
from service.inference.second_look import Outputs, look_again
from service.runtime import Runtime

BATCH = 32


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Raw outputs for a batch of N crops, before calibration.

    activations: float64 (N, 2), fake and real; masks: uint8 (N, S, S), 255 = manipulated;
    method_logits: float64 (N, M), or None where the detector has no method output.
    """

    activations: NDArray[np.float64]
    masks: NDArray[np.uint8]
    method_logits: NDArray[np.float64] | None

    @classmethod
    def of(cls, outputs: Outputs) -> "Verdicts":
        """From the outputs of a look."""
        fake, real, mask, *rest = outputs
        activations = np.stack((fake, real), 1).astype(np.float64)
        return cls(activations, mask, rest[0].astype(np.float64) if rest else None)


class Judge(Protocol):
    """A detector and the note it carries (see `model_export.description`)."""

    @property
    def note(self) -> dict[str, Any]:
        """Name, crop rule, calibration, thresholds, methods; JSON-ready."""
        ...

    def look(self, crops: Sequence[Crop]) -> Outputs:
        """The outputs of one look at crops, each uint8 RGB (S, S, 3): see `second_look.Look`."""
        ...


class CheckpointJudge:
    """A `.pt` checkpoint, on a GPU where there is one."""

    def __init__(self, path: Path) -> None:
        checkpoint = load_checkpoint(path)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = Exportable(checkpoint.build()).eval().to(self._device)
        size = checkpoint.config.size
        blank = self.look([np.zeros((size, size, 3), np.uint8)])
        self.note = describe(checkpoint, len(blank) == len(output_names(True)))
        self.facts = checkpoint.facts

    def look(self, crops: Sequence[Crop]) -> Outputs:
        """See `Judge`."""
        with torch.inference_mode():
            outputs = self._network(torch.from_numpy(np.stack(crops)).to(self._device))
        return [output.cpu().numpy() for output in outputs]


class OnnxJudge:
    """An exported `.onnx` file, on the CPU. Raises ValueError for a file that is none of ours."""

    def __init__(self, path: Path) -> None:
        try:
            spec = read_model_file(path, Runtime()).spec
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        self._session = open_session(path)
        note = self._session.get_modelmeta().custom_metadata_map[METADATA_KEY]
        self.note: dict[str, Any] = json.loads(note)
        self._outputs = output_names(bool(spec.methods))

    def look(self, crops: Sequence[Crop]) -> Outputs:
        """See `Judge`."""
        return list(self._session.run(self._outputs, {"image": np.stack(crops)}))


def open_judge(path: Path) -> Judge:
    """A detector from a `.pt` or an `.onnx` file. Raises ValueError or OSError."""
    if path.suffix not in {".pt", ".onnx"}:
        raise ValueError(f"{path}: a detector is a .pt checkpoint or an .onnx file")
    if path.suffix == ".onnx":
        return OnnxJudge(path)
    judge = CheckpointJudge(path)
    warn_of_calibration(judge.facts, path)
    return judge


def judged(judge: Judge, samples: Iterable[Sample]) -> Iterator[tuple[list[Sample], Verdicts]]:
    """Judge samples in batches, in their order."""
    for batch in batches(samples):
        yield batch, verdicts(judge, [sample.seen for sample in batch])


def batches(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Samples in their order, BATCH at a time."""
    queue = iter(samples)
    while batch := [*islice(queue, BATCH)]:
        yield batch


def verdicts(judge: Judge, crops: Sequence[Crop]) -> Verdicts:
    """Judge crops, each uint8 RGB (S, S, 3), as the service does: twice where the note says so."""
    outputs, above = judge.look(crops), judge.note.get("second_look")
    if above is not None:
        outputs, _ = look_again(outputs, crops, above, judge.look)
    return Verdicts.of(outputs)
