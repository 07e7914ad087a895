"""A float model to 8 bits: smaller, faster, and no longer equal; how far off is measured."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from model_export.agreement import Agreement, Answers, compare, difference, outputs_of
from model_export.export import open_session, read_note, write_described
from model_export.optimised.equalisation import Link, equalise, find_links, with_outputs
from model_export.optimised.optional_mask import make_mask_optional

EXACT_CONVOLUTIONS = 3
"""How many convolutions from the input on stay floats. They see single pixels, where the traces
of a manipulation are a grey level or two, and rounding them was most of the error."""


def quantise(
    path: Path,
    target: Path,
    pictures: NDArray[np.uint8],
    *,
    optional_mask: bool = False,
    source: bytes | None = None,
) -> Agreement:
    """Write the 8-bit version of a float model file that has no optional mask.

    Channels are brought to one range first, see `equalise`. Rounding moves the difference of the
    activations by a little on average; calibration and second looks in the new file's metadata take
    that back. The figures go there, too, and to the caller.
    pictures: uint8 (N, S, S, 3), at least two. Even ones set ranges and calibration, odd ones
    measure: what only fits what it was made from would look too good.
    optional_mask: whether a run of the result may go without the mask.
    source: the float file it will lie beside, if that is another than `path`'s.
    """
    if len(pictures) < 2:
        raise ValueError("at least two calibration pictures are needed")
    model = onnx.load(path)
    note = read_note(model)
    digest = hashlib.sha256(path.read_bytes() if source is None else source).hexdigest()
    with TemporaryDirectory() as folder:
        ready, probe, small = (Path(folder) / f"{name}.onnx" for name in ("r", "p", "s"))
        quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)
        floats = onnx.load(ready)
        kept = _first_convolutions(floats)
        links = find_links(floats, kept)
        onnx.save(with_outputs(floats, links), probe)
        equalise(floats, links, _maxima(probe, links, pictures[::2]))
        onnx.save(floats, ready)
        with _hushed():
            quantize_static(
                str(ready),
                str(small),
                _Pictures(pictures[::2]),
                quant_format=QuantFormat.QDQ,
                # Convolutions hold nearly all the work, and what stands between two of them must be
                # 8 bits, too, or floats are made and unmade there. Halves and activations stay
                # exact.
                op_types_to_quantize=["Conv", "Clip", "Add"],
                nodes_to_exclude=kept,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        graph = onnx.load(small)
        _keep_used_domains(graph)
        if optional_mask:
            make_mask_optional(graph)
            onnx.save(graph, small)
        moved = difference(outputs_of(small, pictures[::2])) - difference(
            outputs_of(path, pictures[::2])
        )
        corrected = _corrected(note, float(moved.mean()))
        agreement = compare(
            Answers.of(path, pictures[1::2], note), Answers.of(small, pictures[1::2], corrected)
        )
    facts = {"type": "int8", **asdict(agreement), "source_sha256": digest}
    write_described(graph, target, corrected | {"quantised": facts})
    return agreement


@contextmanager
def _hushed() -> Iterator[None]:
    """Without the quantiser's warnings: a hundred lines of scales would bury what is for people."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _keep_used_domains(model: onnx.ModelProto) -> None:
    """Drop the quantiser's imports that no node needs: older runtimes refuse the file for them."""
    used = {node.domain for node in model.graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _first_convolutions(model: onnx.ModelProto) -> list[str]:
    names = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return names[:EXACT_CONVOLUTIONS]


def _maxima(path: Path, links: Sequence[Link], pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """The largest value of each channel of each link on pictures; each float (C,)."""
    session, names = open_session(path), [link.output for link in links]
    runs = (session.run(names, {"image": picture[None]}) for picture in pictures) if links else ()
    largest = [[output.max((0, 2, 3)) for output in outputs] for outputs in runs]
    return [np.max(each, 0) for each in zip(*largest, strict=True)]


def _corrected(note: dict[str, Any], moved: float) -> dict[str, Any]:
    """A note for a model whose differences of activations are larger by `moved`."""
    fitted = note["calibration"]
    intercept = fitted["intercept"] - fitted["slope"] * moved
    above = note.get("second_look")
    return note | {
        "calibration": fitted | {"intercept": intercept},
        "second_look": None if above is None else above + moved,
    }


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Feeds pictures to the calibration one by one."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._left: Iterator[NDArray[np.uint8]] = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next input, or None at the end."""
        picture = next(self._left, None)
        return None if picture is None else {"image": picture[None]}
