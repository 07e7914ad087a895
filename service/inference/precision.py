"""Which of a model's files runs: the float one, or a rounded companion beside it."""

import logging
import os
from pathlib import Path
from typing import Literal

from service.errors import ConfigurationError
from service.inference.device import Device
from service.inference.model_file import ModelFile, Rounding, read_model_file
from service.runtime import Runtime

Precision = Literal["auto", "float32", "float16", "int8"]
logger = logging.getLogger(__name__)

_CPU_INFO = Path("/proc/cpuinfo")
# Instructions that add products of bytes in 32 bits. Older ones add pairs of them in 16 bits,
# where they overflow: the 8-bit file would give other results there.
_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
_ENDINGS: dict[Rounding, str] = {"int8": ".int8.onnx", "float16": ".fp16.onnx"}
_OPTIONS: dict[Rounding, str] = {"int8": "--int8", "float16": "--half"}
_WORDS: dict[Rounding, str] = {"int8": "8 bits", "float16": "half precision"}


def companion(path: Path, rounding: Rounding) -> Path:
    """Where a rounded version of a model file lies: `unmask.int8.onnx` beside `unmask.onnx`."""
    return path.with_name(path.name.removesuffix(".onnx") + _ENDINGS[rounding])


def adds_byte_products(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether this CPU computes 8-bit convolutions without overflow, and fast.

    cpu_info: what Linux says of the processor; where it says nothing, the answer is no.
    """
    if not cpu_info.is_file():
        return False
    for line in cpu_info.read_text("ascii", "replace").splitlines():
        name, _, words = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return not _DOT_PRODUCTS.isdisjoint(words.split())
    return False


def in_precision(
    model: ModelFile,
    device: Device,
    precision: Precision,
    runtime: Runtime,
    *,
    capable: bool | None = None,
) -> ModelFile:
    """The model, or the companion of it that should run on the device.

    precision: "auto" takes the 8-bit companion on CPUs with dot products of bytes, where there is
        one that was made from this very file; what else is asked for is what runs.
    capable: `adds_byte_products` unless given.

    Raises ConfigurationError where what is asked for cannot be had, or where the model is a
    rounded file itself and the device or the precision does not go with it.
    """
    able = device.kind == "cpu" and (adds_byte_products() if capable is None else capable)
    own = model.spec.rounding
    if own is not None:
        if precision not in ("auto", own):
            raise ConfigurationError(
                f"UNMASK_PRECISION={precision}, but {model.path} is a file of {_WORDS[own]}: "
                "set UNMASK_MODEL to the float file it was made from."
            )
        _expect(own, device, able=able)
        return model
    if precision in ("int8", "float16"):
        _expect(precision, device, able=able)
        return _companion_of(model, precision, runtime)
    path = companion(model.path, "int8")
    # What is there and cannot be read, as a link to nowhere, deserves a warning.
    if precision == "float32" or not able or not os.path.lexists(path):
        return model
    try:
        return _companion_of(model, "int8", runtime)
    except ConfigurationError as error:
        logger.warning("floats run in place of %s: %s", path.name, error)
        return model


def _companion_of(model: ModelFile, rounding: Rounding, runtime: Runtime) -> ModelFile:
    path, option = companion(model.path, rounding), _OPTIONS[rounding]
    if not os.path.lexists(path):
        raise ConfigurationError(
            f"UNMASK_PRECISION={rounding}, but there is no {path}: export with "
            f"`unmask-model export {option}`, or set UNMASK_PRECISION=auto."
        )
    found = read_model_file(path, runtime)
    source = (found.spec.quantised or {}).get("source_sha256")
    if found.spec.rounding != rounding or source != model.sha256:
        raise ConfigurationError(
            f"The model file {path} was not made from {model.path.name}: "
            f"export both again with `unmask-model export {option}`."
        )
    return found


def _expect(rounding: Rounding, device: Device, *, able: bool) -> None:
    """able: whether the device is a CPU that adds products of bytes."""
    runs = able if rounding == "int8" else device.kind != "cpu"
    if runs:
        return
    if rounding == "float16":
        raise ConfigurationError(
            "Half precision runs on GPUs only: set UNMASK_DEVICE=cuda, or UNMASK_PRECISION=auto "
            "with a float UNMASK_MODEL."
        )
    if device.kind != "cpu":
        raise ConfigurationError(
            f"8 bits do not run on the device '{device.name}': set UNMASK_DEVICE=cpu, or "
            "UNMASK_PRECISION=auto with a float UNMASK_MODEL."
        )
    raise ConfigurationError(
        "This CPU adds products of bytes in 16 bits, where they overflow: 8 bits would give "
        "other results. Set UNMASK_PRECISION=auto with a float UNMASK_MODEL."
    )
