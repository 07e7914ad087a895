"""Which of a model's two files runs: the float one, or its 8-bit companion beside it."""

import logging
from pathlib import Path
from typing import Literal

from service.errors import ConfigurationError
from service.inference.model_file import ModelFile, read_model_file
from service.inference.session import Device
from service.runtime import Runtime

Precision = Literal["auto", "float32", "int8"]
logger = logging.getLogger(__name__)

_CPU_INFO = Path("/proc/cpuinfo")
# Instructions that add products of bytes in 32 bits. Older ones add pairs of them in 16 bits,
# where they overflow: the 8-bit file would give other results there.
_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})


def companion(path: Path) -> Path:
    """Where the 8-bit version of a model file lies: `unmask.int8.onnx` beside `unmask.onnx`."""
    return path.with_name(path.name.removesuffix(".onnx") + ".int8.onnx")


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
    """The model, or its 8-bit companion if that is what should run on the device.

    precision: "auto" takes the companion on CPUs with dot products of bytes, where there is one
        that was made from this very file; what else is asked for is what runs.
    capable: `adds_byte_products` unless given.

    Raises ConfigurationError where "int8" cannot be had, or where the model is an 8-bit file
    itself and the device or the precision does not go with it.
    """
    able = device.kind == "cpu" and (adds_byte_products() if capable is None else capable)
    if model.spec.quantised is not None:
        if precision == "float32":
            raise ConfigurationError(
                f"UNMASK_PRECISION=float32, but {model.path} is an 8-bit file: "
                "set UNMASK_MODEL to the float file it was made from."
            )
        _expect(able, device)
        return model
    path = companion(model.path)
    if precision == "int8":
        _expect(able, device)
        return _companion_of(model, path, runtime)
    if precision == "float32" or not able or not path.is_file():
        return model
    try:
        return _companion_of(model, path, runtime)
    except ConfigurationError as error:
        logger.warning("floats run in place of %s: %s", path.name, error)
        return model


def _companion_of(model: ModelFile, path: Path, runtime: Runtime) -> ModelFile:
    if not path.is_file():
        raise ConfigurationError(
            f"8 bits were asked for, but there is no {path}: export with "
            "`unmask-model export --int8`, or set UNMASK_PRECISION=auto."
        )
    found = read_model_file(path, runtime)
    quantised = found.spec.quantised
    if quantised is None or quantised.get("source_sha256") != model.sha256:
        raise ConfigurationError(
            f"The model file {path} was not made from {model.path.name}: "
            "export both again with `unmask-model export --int8`."
        )
    return found


def _expect(able: bool, device: Device) -> None:
    if able:
        return
    if device.kind != "cpu":
        raise ConfigurationError(
            f"8 bits do not run on the device '{device.name}': set UNMASK_DEVICE=cpu, or "
            "UNMASK_PRECISION=auto with a float UNMASK_MODEL."
        )
    raise ConfigurationError(
        "This CPU adds products of bytes in 16 bits, where they overflow: 8 bits would give "
        "other results. Set UNMASK_PRECISION=auto with a float UNMASK_MODEL."
    )
