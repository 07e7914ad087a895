"""A float model to 8 bits: smaller, faster, and no longer equal; how far off is measured."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from model_export.export import open_session, write_described
from model_export.optimised.equalisation import Link, equalise, find_links, with_outputs
from model_export.optimised.optional_mask import make_mask_optional

EXACT_CONVOLUTIONS = 3
"""How many convolutions from the input on stay floats. They see single pixels, where the traces
of a manipulation are a grey level or two, and rounding them was most of the error."""

_Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """An 8-bit model against the float one on the same pictures.

    activation_mean_abs, activation_max_abs: differences of the activations.
    verdicts: share of pictures on the same side of the thresholds.
    mask_iou: mean intersection over union of the masks at the model's threshold, where either
        model marks anything; None where neither does.
    """

    pictures: int
    activation_mean_abs: float
    activation_max_abs: float
    verdicts: float
    mask_iou: float | None

    def sentence(self) -> str:
        """The figures for people."""
        iou = "no mask to compare" if self.mask_iou is None else f"mask IoU {self.mask_iou:.3f}"
        return (
            f"8 bits against float on {self.pictures} pictures: activations differ by "
            f"{self.activation_mean_abs:.4f} on average and {self.activation_max_abs:.4f} at "
            f"most, {self.verdicts:.1%} of verdicts agree, {iou}"
        )


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
    activations by a little on average; the calibration in the new file's metadata takes that
    back. The figures go there, too, and to the caller.
    pictures: uint8 (N, S, S, 3), at least two. Even ones set ranges and calibration, odd ones
    measure: what only fits what it was made from would look too good.
    optional_mask: whether a run of the result may go without the mask.
    source: the float file it will lie beside, if that is another than `path`'s.
    """
    if len(pictures) < 2:
        raise ValueError("at least two calibration pictures are needed")
    model = onnx.load(path)
    note = json.loads({entry.key: entry.value for entry in model.metadata_props}["unmask"])
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
        quantize_static(
            str(ready),
            str(small),
            _Pictures(pictures[::2]),
            quant_format=QuantFormat.QDQ,
            # Convolutions hold nearly all the work, and what stands between two of them must be 8
            # bits as well or floats are made and unmade there. Halves and activations stay exact.
            op_types_to_quantize=["Conv", "Clip", "Add"],
            nodes_to_exclude=kept,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        graph = onnx.load(small)
        if optional_mask:
            make_mask_optional(graph)
            onnx.save(graph, small)
        moved = _difference(_run(small, pictures[::2])) - _difference(_run(path, pictures[::2]))
        corrected = _corrected(note, float(moved.mean()))
        before, after = _run(path, pictures[1::2]), _run(small, pictures[1::2])
    agreement = compare(before, after, note, corrected)
    facts = {**asdict(agreement), "source_sha256": digest}
    write_described(graph, target, corrected | {"quantised": facts})
    return agreement


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
    return note | {"calibration": fitted | {"intercept": intercept}}


def compare(
    exact: _Outputs, rounded: _Outputs, note: dict[str, Any], corrected: dict[str, Any]
) -> Agreement:
    """Agreement of two models' outputs, each under its own note."""
    names = ("fake_activation", "real_activation")
    apart = np.concatenate([np.abs(exact[n] - rounded[n]) for n in names])
    threshold = note["thresholds"]["mask"]
    ious = []
    for one, other in zip(exact["mask"] >= threshold, rounded["mask"] >= threshold, strict=True):
        union = np.count_nonzero(one | other)
        if union:
            ious.append(np.count_nonzero(one & other) / union)
    return Agreement(
        pictures=len(exact["mask"]),
        activation_mean_abs=float(apart.mean()),
        activation_max_abs=float(apart.max()),
        verdicts=float(np.mean(_verdicts(exact, note) == _verdicts(rounded, corrected))),
        mask_iou=float(np.mean(ious)) if ious else None,
    )


def _verdicts(outputs: _Outputs, note: dict[str, Any]) -> NDArray[np.int64]:
    fitted, thresholds = note["calibration"], note["thresholds"]
    fake = 1 / (1 + np.exp(-(fitted["slope"] * _difference(outputs) + fitted["intercept"])))
    edges = [thresholds["authentic"], thresholds["manipulated"]]
    return np.asarray(np.searchsorted(edges, fake), np.int64)


def _difference(outputs: _Outputs) -> NDArray[Any]:
    return np.asarray(outputs["fake_activation"] - outputs["real_activation"])


def _run(path: Path, pictures: NDArray[np.uint8]) -> _Outputs:
    session: onnxruntime.InferenceSession = open_session(path)
    names = ["fake_activation", "real_activation", "mask"]
    runs = [session.run(names, {"image": picture[None]}) for picture in pictures]
    return dict(zip(names, map(np.concatenate, zip(*runs, strict=True)), strict=True))


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Feeds pictures to the calibration one by one."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._left: Iterator[NDArray[np.uint8]] = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next input, or None at the end."""
        picture = next(self._left, None)
        return None if picture is None else {"image": picture[None]}
