"""Reads an exported model of the stronger preset back into a network that can learn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from model_export.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from model_export.export import read_note
from model_export.networks.contract import MOBILE_CONFIG
from model_export.networks.mobile import MobileNetwork
from model_export.optimised.convolution import flipped
from model_export.optimised.prologue import Prologue

FILTER_NORM = 0.7
"""Norm of every filter before its batch norm, about ImageNet's: folding leaves filters whose
norms, and with them the size of an optimiser's steps, differ a hundredfold."""
KEPT_FACTS = (
    *("name", "version", "training_data", "licence", "crop", "people"),
    *("calibration", "method_temperature", "thresholds", "second_look"),
)


def restore(path: Path) -> Checkpoint:
    """A checkpoint with the same outputs as an exported `mobile` model.

    An exported file has no reconstruction branch and its batch norms are folded: the branch
    starts anew, the norms pass everything through until `renormalise` has seen pictures.
    Raises CheckpointError when the file is not such a model.
    """
    try:
        graph = onnx.load(path)
        note = read_note(graph)
    except (OSError, KeyError, ValueError, DecodeError) as error:
        raise CheckpointError(f"{path} is not a model of this project") from error
    if isinstance(note, dict) and note.get("quantised"):
        raise CheckpointError(f"{path} is a rounded file: take the float one it was made from")
    preset = note.get("preset") if isinstance(note, dict) else None
    if preset != "mobile":
        raise CheckpointError(f"only the mobile preset can be restored, not {preset!r}")
    torch.manual_seed(0)
    try:
        config = replace(MOBILE_CONFIG, lead=float(note.get("lead", 0.0)))
        network = MobileNetwork(config)
        with torch.no_grad():
            _fill(network, _Tables(graph.graph))
    except (StopIteration, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold the layers of the mobile preset") from error
    facts = {key: note[key] for key in KEPT_FACTS if key in note}
    facts["restored"] = True
    return Checkpoint(config, network.state_dict(), facts)


def read_trained(path: Path) -> Checkpoint:
    """A checkpoint, or an exported file of the mobile preset. Raises CheckpointError."""
    return restore(path) if path.suffix == ".onnx" else load_checkpoint(path)


def renormalise(network: nn.Module, pictures: Tensor) -> None:
    """Give restored batch norms the statistics they would have had, without changing outputs.

    pictures: float (N, 3, S, S) in [0, 1], like those the network was trained on. Each norm's
    mean and variance become those of its inputs, its scale and shift what undoes them; in
    training it then normalises as it did before it was folded.
    """

    def measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if not isinstance(norm, nn.BatchNorm2d):
            raise TypeError("only batch norms are measured")
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError("a batch norm without statistics cannot be restored")
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        variance, mean = torch.var_mean(inputs[0].float(), (0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(scale * torch.sqrt(variance + norm.eps))
        norm.bias.copy_(shift + mean * scale)

    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(measure) for norm in norms]
    training = network.training
    with torch.no_grad():
        network.eval()(pictures)
    network.train(training)
    for handle in handles:
        handle.remove()


class _Tables:
    """Weights of a graph's layers in the order in which they are run."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        graphs = [graph, *_branches(graph)]
        stored = {t.name: t for each in graphs for t in each.initializer}
        nodes = [node for each in graphs for node in each.node]

        def tables(kinds: tuple[str, ...]) -> Iterator[list[Tensor]]:
            for node in nodes:
                if node.op_type not in kinds:
                    continue
                table = [_tensor(stored[name]) for name in node.input[1:] if name in stored]
                if not table:
                    raise ValueError(f"the weights of {node.name} are not plain numbers")
                yield table

        self._convolutions = tables(("Conv", "ConvTranspose"))
        self._products = tables(("Gemm",))

    def convolution(self) -> list[Tensor]:
        """Weight, and bias where the layer has one."""
        return next(self._convolutions)

    def product(self) -> list[Tensor]:
        """Weight and bias of a fully connected layer."""
        return next(self._products)


def _branches(graph: onnx.GraphProto) -> list[onnx.GraphProto]:
    """What runs only on a condition: the decoder, where the mask is optional."""
    return [
        attribute.g
        for node in graph.node
        for attribute in node.attribute
        if attribute.name == "then_branch"
    ]


def _tensor(stored: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(stored), np.float32))


def _fill(network: MobileNetwork, tables: _Tables) -> None:
    scale = Prologue(network.config).scale
    for number, layer in enumerate(network.features):
        convolutions = [m for m in layer.modules() if isinstance(m, nn.Conv2d)]
        norms = [m for m in layer.modules() if isinstance(m, nn.BatchNorm2d)]
        for convolution, norm in zip(convolutions, norms, strict=True):
            weight, *bias = tables.convolution()
            _fill_normed(convolution, norm, [weight if number else weight / scale, *bias])
    _fill_normed(network.project[0], network.project[1], tables.convolution())
    _fill_plain(network.shared[0], tables.convolution())
    _fill_normed(network.shared[1], network.shared[2], tables.convolution())
    for meeting in (network.mask_8, network.mask_4, network.mask_2):
        own_deep, own_point, tap_deep, tap_point = (tables.convolution() for _ in range(4))
        _fill_plain(meeting[0], [torch.cat((own_deep[0], tap_deep[0]))])
        point = [torch.cat((own_point[0], tap_point[0]), 1), own_point[1]]
        _fill_normed(meeting[1], meeting[2], point)
    own = tables.convolution()
    _fill_plain(network.mask_out, [flipped(own[0].transpose(0, 1)), *own[1:]])
    _fill_plain(network.method[0], tables.product())
    _fill_plain(network.method[3], tables.product())


def _fill_plain(layer: nn.Module, table: list[Tensor]) -> None:
    names = ("weight", "bias")[: len(table)]
    layer.load_state_dict(dict(zip(names, table, strict=True)))


def _fill_normed(layer: nn.Module, norm: nn.Module, table: list[Tensor]) -> None:
    if len(table) != 2:
        raise ValueError("a folded layer has a weight and a bias")
    weight, bias = table
    scale = FILTER_NORM / weight.flatten(1).norm(dim=1).clamp(min=1e-3)
    _fill_plain(layer, [weight * scale[:, None, None, None]])
    if not isinstance(norm, nn.BatchNorm2d) or norm.running_var is None:
        raise TypeError("a folded layer is followed by a batch norm")
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(1 / scale)
    norm.bias.copy_(bias)
