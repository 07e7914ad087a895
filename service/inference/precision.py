"""Which of a model's two files runs: the float one, or its 8-bit companion beside it."""

from pathlib import Path
from typing import Literal

from service.errors import ConfigurationError
from service.inference.model_file import ModelFile, read_model_file
from service.inference.session import Device
from service.runtime import Runtime

Precision = Literal["auto", "float32", "int8"]

_CPU_INFO = Path("/proc/cpuinfo")
# Instructions that add products of bytes in 32 bits. Older ones add pairs of them in 16 bits,
# where they overflow: the 8-bit file would give other results there.
_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})


def companion(path: Path) -> Path:
    """Where the 8-bit version of a model file lies: `unmask.int8.onnx` beside `unmask.onnx`."""
    return path.with_suffix(".int8.onnx")


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

    Raises ConfigurationError where "int8" cannot be had.
    """
    if precision == "float32":
        return model
    path = companion(model.path)
    if precision == "int8":
        if device.kind != "cpu":
            raise ConfigurationError(
                f"8 bits were asked for on the device '{device.name}', but only the CPU runs them: "
                "set UNMASK_PRECISION=auto."
            )
        found = read_model_file(path, runtime)
        if not _made_from(found, model):
            raise ConfigurationError(
                f"The model file {path} was not made from {model.path.name}: "
                "export both again with `unmask-model export --int8`."
            )
        return found
    if device.kind != "cpu" or not path.is_file():
        return model
    if not (adds_byte_products() if capable is None else capable):
        return model
    found = read_model_file(path, runtime)
    return found if _made_from(found, model) else model


def _made_from(found: ModelFile, model: ModelFile) -> bool:
    quantised = found.spec.quantised
    return quantised is not None and quantised.get("source_sha256") == model.sha256
