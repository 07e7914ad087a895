"""A float model to half precision, for GPUs; how far off it is, is measured."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from model_export.agreement import Agreement, Answers, compare
from model_export.export import read_note, write_described


def halve(path: Path, target: Path, pictures: NDArray[np.uint8], *, source: bytes) -> Agreement:
    """Write the half-precision version of a float model file that has no optional mask.

    Masks are always drawn: a graph with a branch cannot be captured as a CUDA graph. Inputs and
    outputs keep their types. The figures go into the file's metadata, too; they are taken on the
    CPU, which has the rounded weights but computes in floats, so a GPU's may be a little larger.
    pictures: uint8 (N, S, S, 3), to compare on.
    source: the float file it will lie beside.
    """
    model = onnx.load(path)
    note = read_note(model)
    graph = convert_float_to_float16(model, keep_io_types=True)
    # The converter appends its casts; in a file of the standard, nodes come after their inputs.
    OnnxModel(graph).topological_sort()
    onnx.checker.check_model(graph, full_check=True)
    with TemporaryDirectory() as folder:
        half = Path(folder) / "half.onnx"
        onnx.save(graph, half)
        agreement = compare(Answers.of(path, pictures, note), Answers.of(half, pictures, note))
    digest = hashlib.sha256(source).hexdigest()
    facts = {"type": "float16", **asdict(agreement), "source_sha256": digest}
    write_described(graph, target, note | {"quantised": facts})
    return agreement
