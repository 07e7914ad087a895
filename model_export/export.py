"""PyTorch to one self-describing ONNX file, checked against PyTorch on the same pictures."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model_export.checkpoint import Checkpoint
from model_export.data.files import aside, naming
from model_export.description import describe
from model_export.networks.contract import FAKE, REAL
from model_export.networks.factory import Network
from model_export.optimised.factory import optimise
from model_export.optimised.optional_mask import make_mask_optional
from model_export.optimised.prologue import to_bytes
from service.inference.model_file import METADATA_KEY
from service.inference.seal import SEAL_KEY, seal_of
from service.runtime import keep_to_its_bytes

OPSET = 18
ACTIVATION_TOLERANCE = 1e-4
MASK_TOLERANCE = 1e-3
"""Largest share of mask pixels that may differ by more than one grey level."""
DECISIVE = 10.0
"""A lead of the fake half, or of the real one, with which it wins on every picture."""


class ParityError(ValueError):
    """The exported file does not compute what the checkpoint computes."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest difference of an activation; share of mask pixels off by over one grey level."""

    activation_max_abs: float
    mask_fraction: float
    pictures: int

    @property
    def good(self) -> bool:
        """Within both tolerances."""
        return (
            self.activation_max_abs <= ACTIVATION_TOLERANCE and self.mask_fraction <= MASK_TOLERANCE
        )


class Exportable(nn.Module):
    """The network between bytes and bytes: uint8 NHWC in, uint8 mask out, no reconstruction."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """image: uint8 (N, S, S, 3) RGB; returns the outputs named by `output_names`."""
        pictures = image.permute(0, 3, 1, 2).float() / 255
        output = self.network(pictures, reconstruct=False)
        mask = to_bytes(output.mask_logits[:, 0])
        results = (output.activations[:, FAKE], output.activations[:, REAL], mask)
        if output.method_logits is None:
            return results
        return (*results, output.method_logits)


def output_names(has_method: bool) -> list[str]:
    """Names of the graph's outputs, in order."""
    names = ["fake_activation", "real_activation", "mask"]
    return [*names, "method_logits"] if has_method else names


def export(
    checkpoint: Checkpoint,
    path: Path,
    pictures: NDArray[np.uint8],
    *,
    plain: bool = False,
    optional_mask: bool = False,
) -> Parity:
    """Write the ONNX file and prove it equal to PyTorch on `pictures`, uint8 (N, S, S, 3).

    plain: the network as it was trained, not arranged for ONNX Runtime. Either way the finished
        graph is compared with the network as it was trained.
    optional_mask: whether a run may go without the mask; never in a plain export.
    Raises ParityError, and writes nothing, when it is not equal, or gives what is no number.
    """
    network = checkpoint.build()
    if not plain:
        _expect_both_halves(checkpoint, pictures[:2])
    reference = Exportable(network).eval()
    with torch.inference_mode():
        has_method = len(reference(torch.from_numpy(pictures[:1]))) == len(output_names(True))
    names = output_names(has_method)
    with TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.onnx"
        module = reference if plain else optimise(network)
        axes = {name: {0: "batch"} for name in ("image", *names)}
        trace(module, bare, torch.from_numpy(pictures[:2]), names, axes)
        graph = onnx.load(bare)
        if optional_mask and not plain:
            make_mask_optional(graph)
            onnx.save(graph, bare)
        onnx.checker.check_model(graph, full_check=True)
        parity = measure_parity(reference, bare, pictures, names)
    _expect_good(parity, "ONNX Runtime differs from PyTorch")
    write_described(graph, path, describe(checkpoint, has_method) | {"parity": asdict(parity)})
    return parity


def write_described(graph: onnx.ModelProto, path: Path, note: dict[str, Any]) -> None:
    """Write a model with its note and seal, replacing those that it may carry.

    Folders that are missing are made.
    """
    own = (METADATA_KEY, SEAL_KEY)
    others = [entry for entry in graph.metadata_props if entry.key not in own]
    del graph.metadata_props[:]
    graph.metadata_props.extend(others)
    graph.metadata_props.add(key=METADATA_KEY, value=json.dumps(note))
    content = graph.SerializeToString()
    # Two messages one after the other are both in one: the seal comes last whatever writes them.
    seal = onnx.ModelProto()
    seal.metadata_props.add(key=SEAL_KEY, value=seal_of(content))
    path.parent.mkdir(parents=True, exist_ok=True)
    # A disk that is full must not cost the model that was there.
    with naming(path), aside(path) as partial:
        partial.write_bytes(content + seal.SerializeToString())


def read_note(graph: onnx.ModelProto) -> Any:
    """The note that a model carries. Raises KeyError without one, ValueError for a damaged one."""
    return json.loads({entry.key: entry.value for entry in graph.metadata_props}[METADATA_KEY])


def measure_parity(
    model: Exportable, path: Path, pictures: NDArray[np.uint8], names: Sequence[str]
) -> Parity:
    """Run both on the same pictures, one at a time and as one batch.

    Raises ParityError where either gives what is no finite number.
    """
    session = open_session(path)
    singles = [session.run(list(names), {"image": p[None]}) for p in pictures]
    runs = [
        session.run(list(names), {"image": pictures}),
        [np.concatenate(parts) for parts in zip(*singles, strict=True)],
    ]
    return _compare(runs, _outputs(model, pictures))


def _outputs(module: nn.Module, pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
    with torch.inference_mode():
        return [output.numpy() for output in module(torch.from_numpy(pictures))]


def _compare(runs: Sequence[Sequence[NDArray[Any]]], wanted: Sequence[NDArray[Any]]) -> Parity:
    if not all(np.isfinite(output).all() for run in (*runs, wanted) for output in run):
        raise ParityError("the network gives what is no finite number")
    activations, masks = 0.0, 0.0
    for run in runs:
        difference = [np.abs(a.astype(np.float64) - b) for a, b in zip(run, wanted, strict=True)]
        activations = max(activations, float(difference[0].max()), float(difference[1].max()))
        masks = max(masks, float((difference[2] > 1).mean()))
    return Parity(activations, masks, len(wanted[0]))


def _expect_both_halves(checkpoint: Checkpoint, pictures: NDArray[np.uint8]) -> None:
    """Compare the arranged network with the trained one where each half wins.

    On a few pictures one of them may win each time, and nothing be learned of the other.
    """
    for lead in (DECISIVE, -DECISIVE):
        network = replace(checkpoint, config=replace(checkpoint.config, lead=lead)).build()
        wanted = _outputs(Exportable(network).eval(), pictures)
        parity = _compare([_outputs(optimise(network), pictures)], wanted)
        half = "fake" if lead > 0 else "real"
        _expect_good(parity, f"arranged for ONNX Runtime, the {half} half differs")


def _expect_good(parity: Parity, what: str) -> None:
    if not parity.good:
        raise ParityError(
            f"{what}: activations by {parity.activation_max_abs:.2e}, "
            f"{parity.mask_fraction:.2%} of mask pixels by over one grey level"
        )


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on the CPU that keeps its warnings (inputs with defaults) to itself."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    keep_to_its_bytes(options)
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def check_pictures(size: int, count: int = 8) -> NDArray[np.uint8]:
    """Smooth random pictures, uint8 (count, size, size, 3), for a check without any data."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((count, 3, 12, 12), generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    fine = smooth + 0.05 * torch.randn((count, 3, size, size), generator=generator)
    return np.ascontiguousarray((fine.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy())


def trace(
    model: nn.Module,
    path: Path,
    example: Tensor,
    names: Sequence[str],
    axes: Mapping[str, Mapping[int, str]],
) -> None:
    """Write a module as ONNX as it computes an example of its one input, `image`.

    names: of its outputs. axes: those of any length, by tensor and place, with their names.
    """
    with warnings.catch_warnings():
        # The tracing exporter folds batch norm into convolutions and needs no further package.
        warnings.simplefilter("ignore", DeprecationWarning)
        # It also tells of each slice that it does not fold; ONNX Runtime folds those.
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            model,
            (example,),
            str(path),
            input_names=["image"],
            output_names=list(names),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
